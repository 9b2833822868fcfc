/** The settings of a course as its form has them. */
import type { Course, CourseChange, CourseStatus } from "../../../api/courses";

export const FIELDS = [
  "name",
  "code",
  "semester",
  "year",
  "department",
  "description",
  "status",
  "max_students",
  "lesson_opens_minutes",
  "lesson_grace_minutes",
  "record_lessons",
  "publish_rule",
] as const;

const TICKS = ["listed", "self_enrolment", "waiting_list", "mail_lessons"] as const;

/** What was typed, as a change: only what differs is sent, so that two who change different things do not meet. */
export function changeOf(course: Course, values: Record<string, string>): CourseChange {
  const text = (name: string) => (values[name] ?? "").trim();
  const typed: CourseChange = {
    name: text("name"),
    code: text("code"),
    semester: text("semester"),
    year: Number(text("year")),
    department: text("department"),
    description: text("description"),
    status: text("status") as CourseStatus,
    max_students: text("max_students") === "" ? null : Number(text("max_students")),
    lesson_opens_minutes: Number(text("lesson_opens_minutes")),
    lesson_grace_minutes: Number(text("lesson_grace_minutes")),
    record_lessons: text("record_lessons") as Course["record_lessons"],
    publish_rule: text("publish_rule") as Course["publish_rule"],
  };
  for (const name of TICKS) typed[name] = values[name] === "on";
  return Object.fromEntries(
    Object.entries(typed).filter(([name, value]) => course[name as keyof Course] !== value),
  );
}
