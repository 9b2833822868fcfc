/** What is next of several courses, and what is new in them. */
import type { Announcement } from "../../api/announcements";
import type { Course } from "../../api/courses";
import type { Lesson } from "../../api/outline";
import { type Phase, phaseOf } from "../courses/outline/lesson_state";

export interface InCourse<T> {
  course: Course;
  one: T;
}

export interface NextLesson extends InCourse<Lesson> {
  phase: Phase;
}

/** So far ahead a home looks. */
const AHEAD_MS = 7 * 86_400_000;
const NEW_MS = 30 * 86_400_000;

/** Live lessons that are on, or come within a week, in the order of time; cancelled ones until their time is over. */
export function nextOf(lessons: readonly InCourse<Lesson>[], now_ms: number): NextLesson[] {
  return lessons
    .filter(({ one }) => one.starts_at !== null)
    .map(({ course, one }) => ({ course, one, phase: phaseOf({ ...one, cancelled: false }, course, now_ms) }))
    .filter(({ one, phase }) => phase !== "over" && startOf(one) < now_ms + AHEAD_MS)
    .map((next) => (next.one.cancelled ? { ...next, phase: "cancelled" as const } : next))
    .sort((a, b) => startOf(a.one) - startOf(b.one));
}

/** Announcements of the last month, newest first. */
export const newOf = (told: readonly InCourse<Announcement>[], now_ms: number): InCourse<Announcement>[] =>
  told
    .filter(({ one }) => Date.parse(one.created_at) > now_ms - NEW_MS)
    .sort((a, b) => Date.parse(b.one.created_at) - Date.parse(a.one.created_at));

const startOf = ({ starts_at }: Pick<Lesson, "starts_at">): number => Date.parse(starts_at ?? "");
