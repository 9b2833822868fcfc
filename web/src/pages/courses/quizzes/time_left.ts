/** How long an attempt goes on yet. */

/** By the server's clock, which is ahead of the one here; null where nothing ends it. */
export const leftOf = (ends_at: string | null, ahead_ms: number, now_ms: number): number | null =>
  ends_at === null ? null : Date.parse(ends_at) - now_ms - ahead_ms;

/** What is said of it to who cannot see it: at five minutes, at one, and at the end. */
export function spokenLeft(seconds: number): string {
  if (seconds <= 0) return "The time is over.";
  if (seconds <= 60) return "Less than a minute is left.";
  return seconds <= 300 ? "Less than five minutes are left." : "";
}
