import { expect, it } from "vitest";
import { administratorsOf, done, foreseen, makesAdministrators, notRead } from "./Import";
import { cellWords } from "./ImportLines";
import { changeOf } from "./PersonDetails";

const report = { dry_run: true, total: 4, created: 1, skipped: 0, failed: 0, ignored: [], lines: [] };

it("tells what an import would do, and what it did, in one sentence", () => {
  expect(foreseen(report)).toBe("1 account would be made.");
  expect(foreseen({ ...report, created: 2, skipped: 1, failed: 3 })).toBe(
    "2 accounts would be made; 1 is here already, 3 lines are wrong.",
  );
  expect(done({ ...report, created: 0, failed: 1 })).toBe("0 accounts were made; 1 line is wrong.");
});

it("names who would be an administrator, of those who are new", () => {
  const line = { line: 2, email: "ada@school.example", full_name: "Ada", errors: [] };
  const lines = [
    { ...line, role: "admin" as const, outcome: "created" as const },
    { ...line, full_name: "Bob", role: "admin" as const, outcome: "exists" as const },
    { ...line, full_name: "Eve", role: "student" as const, outcome: "created" as const },
  ];
  expect(administratorsOf({ ...report, lines })).toEqual(["Ada"]);
  expect(makesAdministrators(["Ada"])).toBe("Make Ada an administrator");
  expect(makesAdministrators(["A", "B", "C", "D", "E", "F"])).toBe(
    "Make 6 people administrators: A, B, C, D, E and 1 more",
  );
});

it("names the columns that are not read", () => {
  expect(notRead(["Rolle"])).toBe("This column is not read: Rolle.");
  expect(notRead(["Rolle", "Class"])).toBe("These columns are not read: Rolle, Class.");
});

it("names the column that is wrong", () => {
  expect(cellWords({ column: "role", detail: "there is no such role" })).toBe("role: there is no such role.");
  expect(cellWords({ column: "", detail: "Twice in the list." })).toBe("Twice in the list.");
});

it("sends only what was changed of a person", () => {
  const person = {
    user_id: "1",
    email: "sam@school.example",
    full_name: "Sam",
    phone: null,
    role: "student" as const,
    requested_role: null,
    watch_only: true,
    verified: true,
    disabled_at: null,
    created_at: "2026-01-01T00:00:00Z",
  };
  const same = { full_name: "Sam ", email: "Sam@school.example", phone: "", role: "viewer" };
  expect(changeOf(person, same)).toEqual({});
  expect(changeOf(person, { ...same, phone: "+49 30 1", role: "student" })).toEqual({
    phone: "+49 30 1",
    role: "student",
  });
});
