/** A person as their picture, or as initials on a colour of their own. */
import "./Avatar.css";

const HUES = 6;

/** First letters of the first and last word, at most two. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? "")][0] ?? "",
  );
  return letters.join("").toLocaleUpperCase() || "?";
}

function hue(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}

/** `picture` is an address that an `<img>` can show. The name stands beside it: neither is read out. */
export function Avatar({
  name,
  size = "medium",
  picture,
}: {
  name: string;
  size?: "medium" | "large";
  picture?: string | null;
}) {
  if (picture) return <img className={`avatar avatar-${size}`} src={picture} alt="" />;
  return (
    <span
      className={`avatar avatar-${size} avatar-hue-${hue(name)}`}
      data-initials={initials(name)}
      aria-hidden="true"
    />
  );
}
