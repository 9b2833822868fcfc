/** Text of people cut into words and links. Only http and https become links; the rest stays text. */

export interface TextPart {
  text: string;
  /** Present when this part is a link. */
  href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?)\]}»”’]+$/;

function addressIn(found: string): string {
  const bare = found.replace(TRAILING, "");
  // An address may end with a bracket that it opened itself.
  const opened = (bare.match(/\(/g) ?? []).length - (bare.match(/\)/g) ?? []).length;
  return opened > 0 && found[bare.length] === ")" ? `${bare})` : bare;
}

export function partsOf(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = addressIn(match[0]);
    if (!URL.canParse(address)) continue;
    if (match.index > at) parts.push({ text: text.slice(at, match.index) });
    parts.push({ text: address, href: address });
    at = match.index + address.length;
  }
  if (at < text.length) parts.push({ text: text.slice(at) });
  return parts;
}
