/** What of a home is shown at a moment, and in which order. */
import type { DueQuiz, DueWork, HomeCourse, HomeRead } from "../../api/home";
import type { Lesson } from "../../api/outline";
import { type Phase, phaseOf } from "../courses/outline/lesson_state";

export interface InCourse<T> {
  course: HomeCourse;
  one: T;
}

export interface NextLesson extends InCourse<Lesson> {
  phase: Phase;
}

/** An assignment or a quiz that waits for somebody. */
export interface Due {
  key: string;
  title: string;
  course: HomeCourse;
  href: string;
  /** When it is due, closes, or ends; null: whenever they like. */
  at: string | null;
  state: "overdue" | "due" | "open" | "begun";
}

/** Each with the course that it is of. */
export function inCourses<T extends { course_id: string }>(
  courses: readonly HomeCourse[],
  all: readonly T[],
): InCourse<T>[] {
  const known = new Map(courses.map((course) => [course.id, course]));
  return all.flatMap((one) => {
    const course = known.get(one.course_id);
    return course ? [{ course, one }] : [];
  });
}

/** Live lessons that are on or come; cancelled ones until their time is over. */
export const nextOf = ({ courses, lessons }: HomeRead, now_ms: number): NextLesson[] =>
  inCourses(courses, lessons)
    .map(({ course, one }) => ({ course, one, phase: phaseOf({ ...one, cancelled: false }, course, now_ms) }))
    .filter(({ phase }) => phase !== "over")
    .map((next) => (next.one.cancelled ? { ...next, phase: "cancelled" as const } : next));

/** What one is at comes first, then what is overdue, then the rest by when it ends. */
export function dueOf({ courses, due, quizzes }: HomeRead, now_ms: number): Due[] {
  const work = inCourses(courses, due).map(({ course, one }) => ofWork(course, one, now_ms));
  const asked = inCourses(courses, quizzes).map(({ course, one }) => ofQuiz(course, one));
  const rank = { begun: 0, overdue: 1, due: 2, open: 2 };
  const time = ({ at }: Due) => (at === null ? Number.POSITIVE_INFINITY : Date.parse(at));
  return [...work, ...asked].sort((a, b) => rank[a.state] - rank[b.state] || time(a) - time(b));
}

/** Those that somebody may do whenever they like, behind the others. */
export const isAtAnyTime = ({ at, state }: Due): boolean => at === null && state !== "begun";

const ofWork = (course: HomeCourse, { id, title, due_at }: DueWork, now_ms: number): Due => ({
  key: id,
  title,
  course,
  href: `/courses/${course.id}/assignments?assignment=${id}`,
  at: due_at,
  state: due_at !== null && Date.parse(due_at) < now_ms ? "overdue" : "due",
});

const ofQuiz = (course: HomeCourse, { id, title, begun, closes_at, ends_at }: DueQuiz): Due => ({
  key: id,
  title,
  course,
  href: `/courses/${course.id}/quizzes?quiz=${id}`,
  at: begun ? ends_at : closes_at,
  state: begun ? "begun" : "open",
});
