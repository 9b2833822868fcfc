/** What languages are called, in the person's own. */

const names = () => new Intl.DisplayNames(undefined, { type: "language" });

/** "German", "Deutsch" or whatever the browser calls `de`; the tag where it knows none. */
export function languageName(tag: string): string {
  try {
    return names().of(tag) ?? tag;
  } catch {
    return tag;
  }
}

const COMMON =
  "ar bg bn ca cs da de el en es et fa fi fr ga he hi hr hu id it ja ko lt lv mk ms mt nb nl pl pt ro ru sk sl sq sr sv ta th tr uk ur vi zh";

/** The browser's own, without its country; English where it says none. */
export function ownLanguage(): string {
  return /^[a-z]{2,3}(?=-|$)/.exec(navigator.language.toLowerCase())?.[0] ?? "en";
}

/** What schools have captions in, and these, by name. */
export function languagesWith(also: readonly string[]): { tag: string; name: string }[] {
  return [...new Set([...COMMON.split(" "), ...also])]
    .map((tag) => ({ tag, name: languageName(tag) }))
    .sort((one, other) => one.name.localeCompare(other.name));
}
