/** How far the dates of a course move to another term: by whole weeks, so that all keep their days of the week. */
import { plural } from "../../../format";

const WEEK_MS = 7 * 86_400_000;

/** The day of a moment by the clocks of a time zone: "2026-10-05". */
function dayIn(iso: string, time_zone: string): string {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone: time_zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(new Date(iso));
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
}

/** The earliest of days as clocks on walls say them ("2026-10-05T08:00") and of moments; empty for none. */
export function firstDayOf(
  local: readonly string[],
  moments: readonly (string | null)[],
  time_zone: string,
): string {
  const days = moments.filter((one) => one !== null).map((one) => dayIn(one, time_zone));
  return [...local.map((one) => one.slice(0, 10)), ...days].sort()[0] ?? "";
}

/** From one day to the other, to the nearest week; null where either is missing. */
export function weeksBetween(from: string, to: string): number | null {
  const weeks = Math.round((Date.parse(to) - Date.parse(from)) / WEEK_MS);
  return Number.isNaN(weeks) ? null : weeks || 0;
}

/** "Monday, 5 October 2026" */
const dayWords = (at_ms: number, locale?: string): string =>
  new Date(at_ms).toLocaleDateString(locale, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });

/** What will become of the dates of a course. */
export function shiftWords(from: string, weeks: number, locale?: string): string {
  const was_ms = Date.parse(from);
  if (weeks === 0) return "Series, due dates and the times of quizzes stay on the days that they have.";
  const far = `${plural(Math.abs(weeks), "week", "weeks")} ${weeks > 0 ? "later" : "earlier"}`;
  const then = dayWords(was_ms + weeks * WEEK_MS, locale);
  return `Series, due dates and the times of quizzes are ${far}: what was on ${dayWords(was_ms, locale)} is on ${then}.`;
}
