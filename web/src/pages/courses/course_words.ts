/** Courses in words. */
import type { Course, CourseStatus } from "../../api/courses";
import type { BadgeTone } from "../../design/Badge";
import { plural } from "../../format";

export const STATUSES: Readonly<Record<CourseStatus, { label: string; tone: BadgeTone; hint: string }>> = {
  draft: { label: "Draft", tone: "warn", hint: "Only its staff see it." },
  active: { label: "Active", tone: "accent", hint: "Students see it and come to its lessons." },
  completed: { label: "Completed", tone: "neutral", hint: "Who took part reads it; nobody joins any more." },
  archived: {
    label: "Archived",
    tone: "neutral",
    hint: "Only its staff read it, and nothing in it changes.",
  },
};

export const STATUS_ORDER: readonly CourseStatus[] = ["draft", "active", "completed", "archived"];

/** "PHY-101 · WS 2026" */
export const termOf = ({ code, semester, year }: Pick<Course, "code" | "semester" | "year">): string =>
  // Some schools write the year into the semester.
  `${code} · ${semester.includes(String(year)) ? semester : `${semester} ${year}`}`;

/** "12 of 30 students", "1 student" */
export function studentsOf({
  enrolled_count,
  max_students,
}: Pick<Course, "enrolled_count" | "max_students">) {
  if (max_students === null) return plural(enrolled_count, "student", "students");
  return `${enrolled_count} of ${plural(max_students, "student", "students")}`;
}

/** How the person looking stands to a course; null for who has nothing to do with it. */
export function standingOf(course: Pick<Course, "role" | "enrollment_status" | "may">): string | null {
  if (course.enrollment_status === "waiting") return "You wait for a place";
  if (course.role === "student") return "You take part";
  if (course.role === "assistant") return "You assist";
  if (course.role === "teacher") return "You teach";
  return null;
}

/** Whether somebody who finds this course can enrol without being asked in. */
export const mayJoinSelf = (
  course: Pick<Course, "role" | "enrollment_status" | "status" | "self_enrolment">,
): boolean =>
  course.role === null &&
  course.enrollment_status === null &&
  course.status === "active" &&
  course.self_enrolment;

/** The term that a course made now is probably for. */
export const yearNow = (now: Date = new Date()): number => now.getFullYear();
