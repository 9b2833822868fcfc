/** The part of a recording that somebody wants to have: two times as they are typed. */
import { clock } from "../../format";
import { parseClock } from "./deep_link";

export interface Clip {
  from_s: number;
  /** Null: up to the end. */
  to_s: number | null;
}

export type ClipRead = { clip: Clip } | { fields: { from?: string; to?: string } };

/** What is shown ends with a whole second, and the recording a bit later. */
const ROUNDING_S = 1;

/** The clip, or what is wrong with which field. Empty is the beginning, and the end; so is the end as it is shown. */
export function readClip(from: string, to: string, length_s: number): ClipRead {
  const from_s = from.trim() === "" ? 0 : parseClock(from);
  const to_s = to.trim() === "" ? length_s : parseClock(to);
  const form = "Write minutes and seconds, such as 12:34.";
  if (from_s === null || to_s === null)
    return { fields: { ...(from_s === null && { from: form }), ...(to_s === null && { to: form }) } };
  if (from_s >= length_s) return { fields: { from: `The recording ends at ${clock(length_s)}.` } };
  if (to_s > length_s + ROUNDING_S) return { fields: { to: `The recording ends at ${clock(length_s)}.` } };
  if (to_s <= from_s && to_s < Math.floor(length_s))
    return { fields: { to: "The end must be later than the beginning." } };
  return { clip: { from_s, to_s: to_s < Math.floor(length_s) ? to_s : null } };
}

/** A download's address for a part of it. */
export function clipUrl(url: string, { from_s, to_s }: Clip): string {
  const at = new URL(url, window.location.href);
  at.searchParams.set("from", String(from_s));
  if (to_s !== null) at.searchParams.set("to", String(to_s));
  return at.pathname + at.search;
}
