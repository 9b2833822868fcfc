import { Notice } from "../design/Notice";
import { ONLY_HERE, opensHereOnly } from "./links";

/** Beside a link that nobody else could open: so, and what would help. */
export function OnlyHere({ link }: { link: string }) {
  return opensHereOnly(link) ? <Notice testId="only-here">{ONLY_HERE}</Notice> : null;
}
