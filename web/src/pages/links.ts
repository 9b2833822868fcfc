/** Links that people share, and whether somebody else could open them. */
import { linkOrigin } from "../session/origin";

const roomLink = (slug: string, page: string): string =>
  `${linkOrigin()}/rooms/${encodeURIComponent(slug)}/${page}`;

export const watchLink = (slug: string): string => roomLink(slug, "watch");

/** Where a room's live stream is followed, also while there are few enough to be sent the class itself. */
export const streamLink = (slug: string): string => `${watchLink(slug)}?stream`;

export const classLink = (slug: string): string => roomLink(slug, "class");

export const registerLink = (): string => `${linkOrigin()}/register`;

export const ONLY_HERE =
  "It opens on this computer only. Open these pages by an address that others reach, or have an administrator set the address of this server (http.public_url).";

/** Whether a link leads to the machine of whoever opens it (RFC 6761, 6.3; RFC 1122, 3.2.1.3). */
export function opensHereOnly(link: string): boolean {
  if (!URL.canParse(link)) return false;
  const { hostname } = new URL(link);
  return /^(.+\.)?localhost$|^127\.|^0\.0\.0\.0$|^\[::1?\]$/.test(hostname);
}

/** What is said of a link that was put on the clipboard, and whether all is well with it. */
export function copiedWords(link: string, done: boolean, name = "Link"): { text: string; well: boolean } {
  if (!done) return { text: `${name}: it could not be copied. Select it and copy it yourself.`, well: false };
  if (opensHereOnly(link)) return { text: `${name} copied. ${ONLY_HERE}`, well: false };
  return { text: `${name} copied.`, well: true };
}

/** Puts text on the clipboard; false when the browser does not allow it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
