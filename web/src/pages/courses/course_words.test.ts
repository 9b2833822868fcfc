import { expect, it } from "vitest";
import { mayJoinSelf, standingOf, studentsOf, termOf } from "./course_words";
import { joinWords } from "./JoinByCode";

it("says the year of a term once", () => {
  expect(termOf({ code: "PHY-101", semester: "Autumn", year: 2026 })).toBe("PHY-101 · Autumn 2026");
  expect(termOf({ code: "PHY-101", semester: "WS 2026/27", year: 2026 })).toBe("PHY-101 · WS 2026/27");
});

it("counts students against the places that there are", () => {
  expect(studentsOf({ enrolled_count: 1, max_students: null })).toBe("1 student");
  expect(studentsOf({ enrolled_count: 12, max_students: 30 })).toBe("12 of 30 students");
});

it("tells who waits before their role", () => {
  expect(standingOf({ role: null, enrollment_status: "waiting", may: [] })).toBe("You wait for a place");
  expect(standingOf({ role: "student", enrollment_status: "active", may: [] })).toBe("You take part");
  expect(standingOf({ role: "admin", enrollment_status: null, may: [] })).toBeNull();
});

it("offers to join only where one may, and is not in it already", () => {
  const open = { role: null, enrollment_status: null, status: "active", self_enrolment: true } as const;
  expect(mayJoinSelf(open)).toBe(true);
  expect(mayJoinSelf({ ...open, self_enrolment: false })).toBe(false);
  expect(mayJoinSelf({ ...open, status: "draft" })).toBe(false);
  expect(mayJoinSelf({ ...open, enrollment_status: "waiting" })).toBe(false);
  expect(mayJoinSelf({ ...open, role: "student" })).toBe(false);
});

it("says before joining what one becomes, and whether there is a place", () => {
  expect(joinWords({ role: "assistant", places_left: 0 })).toBe("You join as an assistant.");
  expect(joinWords({ role: "student", places_left: null })).toBe("You join as a student.");
  expect(joinWords({ role: "student", places_left: 1 })).toMatch(/One place is left/);
  expect(joinWords({ role: "student", places_left: 0 })).toMatch(/you wait/);
});
