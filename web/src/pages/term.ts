/** How long recordings are kept, in words and as a form has it. */
import type { Term } from "../api/recordings";

const FOR_EVER = 0;

/** What becomes of them, in a sentence or two. */
export function told({ days }: Term): string {
  if (days === null) return "They are kept for ever.";
  const time = days === 1 ? "a day" : `${days} days`;
  return `They go into the trash ${time} after they have ended. Who made them is told a week before, and can keep them.`;
}

/** Which choice it is: "usual", "ever" or "own". */
export function wayOf({ own_days }: Term): string {
  if (own_days === null) return "usual";
  return own_days === FOR_EVER ? "ever" : "own";
}

/** The other way round, with the days that were typed. */
export function daysOf(way: string, typed: string): number | null {
  if (way === "usual") return null;
  return way === "ever" ? FOR_EVER : Number(typed);
}
