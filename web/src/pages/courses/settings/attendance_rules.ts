/** The rules of attendance as their form has them: shares in percent, and nothing for "not at all". */
import type { AttendanceRules } from "../../../api/attendance_rules";
import { ApiError } from "../../../api/problem";

export const FIELDS = [
  "present_ratio",
  "late_ratio",
  "partial_ratio",
  "late_after_minutes",
  "credit_days",
  "completion_ratio",
] as const;

/** The server keeps thousandths. */
export const percentOf = (share: number | null): number | "" =>
  share === null ? "" : Math.round(share * 1000) / 10;

const shareOf = (typed: string): number => Math.round(Number(typed) * 10) / 1000;

/** What was typed. Throws ApiError, with the field, for shares that are not the higher the better the status. */
export function rulesOf(values: Record<string, string>): AttendanceRules {
  const text = (name: string) => (values[name] ?? "").trim();
  const rules: AttendanceRules = {
    present_ratio: shareOf(text("present_ratio")),
    late_ratio: shareOf(text("late_ratio")),
    partial_ratio: text("partial_ratio") === "" ? null : shareOf(text("partial_ratio")),
    late_after_minutes: Number(text("late_after_minutes")),
    credit_days: text("credit_days") === "" ? null : Number(text("credit_days")),
    completion_ratio: shareOf(text("completion_ratio")),
  };
  if (rules.late_ratio > rules.present_ratio)
    throw wrong("late_ratio", `Not more than for “present”, which is ${percentOf(rules.present_ratio)} %.`);
  if (rules.partial_ratio !== null && rules.partial_ratio > rules.late_ratio)
    throw wrong("partial_ratio", `Not more than for “late”, which is ${percentOf(rules.late_ratio)} %.`);
  return rules;
}

const wrong = (field: string, sentence: string) =>
  new ApiError(sentence, 422, "validation_error", { [field]: sentence });

export const isSame = (one: AttendanceRules, other: AttendanceRules): boolean =>
  FIELDS.every((name) => one[name] === other[name]);
