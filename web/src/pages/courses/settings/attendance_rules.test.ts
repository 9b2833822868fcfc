import { describe, expect, test } from "vitest";
import type { AttendanceRules } from "../../../api/attendance_rules";
import { ApiError } from "../../../api/problem";
import { isSame, percentOf, rulesOf } from "./attendance_rules";

const RULES: AttendanceRules = {
  present_ratio: 0.75,
  late_ratio: 0.5,
  partial_ratio: null,
  late_after_minutes: 10,
  credit_days: null,
  completion_ratio: 0.9,
};
const TYPED = {
  present_ratio: "75",
  late_ratio: "50",
  partial_ratio: "",
  late_after_minutes: "10",
  credit_days: "",
  completion_ratio: "90",
};

function fieldsOf(values: Record<string, string>): Readonly<Record<string, string>> {
  try {
    rulesOf(values);
  } catch (error) {
    if (error instanceof ApiError) return error.fields;
  }
  return {};
}

describe("rules of attendance in their form", () => {
  test("percent become shares, and what is left empty is not there", () => {
    expect(rulesOf(TYPED)).toEqual(RULES);
    const all = {
      ...TYPED,
      present_ratio: "33.3",
      late_ratio: "20",
      partial_ratio: "10",
      credit_days: " 7 ",
    };
    expect(rulesOf(all)).toMatchObject({ present_ratio: 0.333, partial_ratio: 0.1, credit_days: 7 });
  });

  test("every thousandth is shown and read again as it was", () => {
    for (let thousandths = 10; thousandths <= 1000; thousandths += 1) {
      const shown = percentOf(thousandths / 1000);
      expect(rulesOf({ ...TYPED, present_ratio: "100", late_ratio: String(shown) }).late_ratio).toBe(
        thousandths / 1000,
      );
    }
    expect(percentOf(null)).toBe("");
  });

  test("a share above that of the better status is told at its field", () => {
    expect(Object.keys(fieldsOf({ ...TYPED, late_ratio: "80" }))).toEqual(["late_ratio"]);
    expect(fieldsOf({ ...TYPED, partial_ratio: "60" }).partial_ratio).toContain("50 %");
    expect(fieldsOf({ ...TYPED, late_ratio: "75", partial_ratio: "75" })).toEqual({});
  });

  test("rules are the same when all of them are", () => {
    expect(isSame(RULES, { ...RULES })).toBe(true);
    expect(isSame(RULES, { ...RULES, credit_days: 7 })).toBe(false);
  });
});
