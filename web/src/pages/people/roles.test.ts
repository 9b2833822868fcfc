import { describe, expect, it } from "vitest";
import type { Person } from "../../api/people";
import { badgeOf } from "../../session/Waiting";
import { proposedRole, questionBefore, ROLES, resetFactorWords, roleOf, stateOf, wishOf } from "./roles";

const NEW: Person = {
  user_id: "1",
  email: "sam@school.example",
  full_name: "Sam Student",
  role: "student",
  verified: false,
  requested_role: null,
  watch_only: false,
  disabled_at: null,
  created_at: "2026-03-01T09:00:00Z",
};
const person = (changes: Partial<Person>): Person => ({ ...NEW, ...changes });

describe("the state of an account", () => {
  const name = (changes: Partial<Person>) => stateOf(person(changes)).name;

  it("waits until somebody has approved it", () => {
    expect([name({}), name({ verified: true })]).toEqual(["waiting", "approved"]);
  });

  it("asks when it is approved but wishes for more", () => {
    expect(stateOf(person({ verified: true, requested_role: "teacher" })).label).toBe("Asks to be a teacher");
  });

  it("is closed whatever else is true of it", () => {
    expect(name({ disabled_at: "2026-03-02T09:00:00Z", requested_role: "teacher" })).toBe("closed");
  });
});

describe("the role proposed for who waits", () => {
  it("is the one asked for", () => {
    expect(proposedRole(person({ requested_role: "teacher" }))).toBe("teacher");
    expect(proposedRole(NEW)).toBe("student");
  });

  it("is never administrator, which somebody has to choose", () => {
    expect(proposedRole(person({ requested_role: "admin" }))).toBe("student");
    expect(wishOf(person({ requested_role: "admin" }))).toBe("asks to be an administrator");
  });

  it("keeps a viewer a viewer", () => {
    expect(proposedRole(person({ watch_only: true }))).toBe("viewer");
    expect(roleOf({ role: "teacher", watch_only: true })).toBe("teacher");
  });
});

describe("what is asked before a role is changed", () => {
  it("asks before somebody becomes an administrator", () => {
    expect(questionBefore(NEW, "admin", false)?.title).toBe("Make Sam Student an administrator?");
  });

  it("asks before one's own rights are given up, and not about other people's", () => {
    const admin = person({ role: "admin", verified: true });
    expect(questionBefore(admin, "teacher", true)?.danger).toBe(true);
    expect(questionBefore(admin, "teacher", false)).toBeNull();
    expect(questionBefore(admin, "admin", true)).toBeNull();
  });

  it("asks nothing about everyday roles", () => {
    const everyday = ROLES.filter((role) => role !== "admin");
    expect(everyday.map((role) => questionBefore(NEW, role, false))).toEqual([null, null, null, null]);
  });
});

describe("the badge with the number who wait", () => {
  it("is not there for nobody and counts no further than 99", () => {
    expect([0, 1, 99, 100].map(badgeOf)).toEqual([null, "1", "99", "99+"]);
  });
});

describe("what is said before a second factor is taken off", () => {
  it("promises a mail only where the server sends some", () => {
    expect(resetFactorWords(true)).toContain("they are told by mail");
    expect(resetFactorWords(false)).toContain("sends no mail, so tell them yourself");
    expect(resetFactorWords(false)).not.toContain("told by mail");
  });
});
