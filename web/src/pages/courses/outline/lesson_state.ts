/** How a lesson stands: hidden or shown, and when a live one is on. */
import type { Course } from "../../../api/courses";
import type { Lesson, Section } from "../../../api/outline";
import { moment, momentWithin, timeOfDay } from "../../../format";

/** Without an end a lesson lasts this long, as the server has it. */
export const WITHOUT_END_MS = 4 * 3_600_000;

export type Phase = "cancelled" | "timeless" | "coming" | "open" | "on" | "grace" | "over";

type Timed = Pick<Lesson, "starts_at" | "ends_at" | "cancelled" | "over_at">;
type Doors = Pick<Course, "lesson_opens_minutes" | "lesson_grace_minutes">;

/**
 * `open`: the class comes in already; `on`: between start and end; `grace`: late comers are let in still. What its
 * staff have ended for all is over, unless it was moved since.
 */
export function phaseOf(lesson: Timed, doors: Doors, now_ms: number): Phase {
  const { starts_at, ends_at, cancelled, over_at } = lesson;
  if (cancelled) return "cancelled";
  if (starts_at === null) return "timeless";
  const start_ms = Date.parse(starts_at);
  const end_ms = ends_at === null ? start_ms + WITHOUT_END_MS : Date.parse(ends_at);
  if (over_at !== null && Date.parse(over_at) >= start_ms) return "over";
  if (now_ms < start_ms - doors.lesson_opens_minutes * 60_000) return "coming";
  if (now_ms < start_ms) return "open";
  if (now_ms < end_ms) return "on";
  return now_ms < end_ms + doors.lesson_grace_minutes * 60_000 ? "grace" : "over";
}

/** Whether the door is open to the class; staff come whenever they like, but to what was cancelled. */
export const mayEnter = (phase: Phase, staff: boolean): boolean =>
  phase !== "cancelled" && (staff || (phase !== "coming" && phase !== "over"));

/** Why students do not see it; null when they do. */
export function hiddenWhy(
  { published, release_at }: Pick<Section, "published" | "release_at">,
  now_ms: number,
): string | null {
  if (!published) return "Hidden";
  if (release_at !== null && Date.parse(release_at) > now_ms)
    return `Hidden until ${momentWithin(release_at)}`;
  return null;
}

/** Between two times of one day; no line breaks at it. */
const DASH = "\u2060–\u2060";

/** "Mon, 5 Oct 2026, 08:00–08:45", "Tomorrow, 08:00–08:45" */
export function whenOf(
  { starts_at, ends_at }: Pick<Lesson, "starts_at" | "ends_at">,
  now: Date = new Date(),
  locale?: string,
): string {
  if (starts_at === null) return "";
  const start = new Date(starts_at);
  const weekday = start.toLocaleDateString(locale, { weekday: "short" });
  const words = moment(starts_at, now, locale);
  const first = /^(Today|Tomorrow|Yesterday)/.test(words) ? words : `${weekday}, ${words}`;
  if (ends_at === null) return first;
  const end = new Date(ends_at);
  if (end.toDateString() !== start.toDateString()) return `${first} – ${moment(ends_at, now, locale)}`;
  return `${first}${DASH}${timeOfDay(end, locale)}`;
}
