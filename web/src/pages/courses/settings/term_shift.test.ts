import { expect, it } from "vitest";
import { firstDayOf, shiftWords, weeksBetween } from "./term_shift";

it("begins with the first day that anything is on, by the clocks of the course", () => {
  expect(firstDayOf(["2026-10-06T08:00", "2026-10-12T08:00"], [], "UTC")).toBe("2026-10-06");
  const moments = [null, "2026-10-04T22:30:00Z", "2027-01-10T08:00:00Z"];
  expect(firstDayOf(["2026-10-06T08:00"], moments, "Europe/Berlin")).toBe("2026-10-05");
  expect(firstDayOf([], moments, "America/New_York")).toBe("2026-10-04");
  expect(firstDayOf([], [null], "UTC")).toBe("");
});

it("moves by whole weeks to the nearest, so that classes keep their days", () => {
  const monday = "2026-10-05";
  expect(weeksBetween(monday, "2027-03-29")).toBe(25);
  expect(weeksBetween(monday, "2027-04-06"), "the Tuesday after Easter").toBe(26);
  expect(weeksBetween("2026-10-06", "2027-03-29"), "a first class on a Tuesday").toBe(25);
  expect(weeksBetween(monday, "2026-10-03")).toBe(0);
  expect(Object.is(weeksBetween(monday, "2026-10-03"), -0)).toBe(false);
  expect(weeksBetween(monday, "2025-10-06")).toBe(-52);
  expect([weeksBetween("", monday), weeksBetween(monday, "")]).toEqual([null, null]);
});

it("says what will become of the dates", () => {
  expect(shiftWords("2026-10-05", 25, "en-GB")).toMatch(
    /times of quizzes are 25 weeks later: what was on Monday,? 5 October 2026 is on Monday,? 29 March 2027\.$/,
  );
  expect(shiftWords("2026-10-05", -1, "en-GB")).toContain("are 1 week earlier");
  expect(shiftWords("2026-10-05", 0)).toContain("stay on the days");
});
