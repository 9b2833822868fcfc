import { expect, it } from "vitest";
import type { EnrolmentReport } from "../../../api/enrolments";
import { isWrong, reportWords } from "./report_words";
import { withoutRole } from "./role_words";
import { isGood, usesOf, wayState } from "./way_words";

const report: EnrolmentReport = {
  dry_run: true,
  total: 5,
  enrolled: 1,
  waiting: 2,
  skipped: 1,
  failed: 1,
  lines: [],
};

it("says what a list would do, and what it did", () => {
  expect(reportWords(report)).toBe(
    "1 person would be enrolled; 2 on the waiting list, 1 is in it already, 1 line is left out.",
  );
  expect(reportWords({ ...report, dry_run: false, enrolled: 3, waiting: 0, skipped: 0, failed: 0 })).toBe(
    "3 people were enrolled.",
  );
});

it("counts as wrong what nothing became of", () => {
  expect((["no_account", "full", "invalid"] as const).every((outcome) => isWrong({ outcome }))).toBe(true);
  expect((["enrolled", "waiting", "exists"] as const).some((outcome) => isWrong({ outcome }))).toBe(false);
});

it("says how often a code was used, and until when it is good", () => {
  expect(usesOf({ uses: 0, max_uses: null })).toBe("not used yet");
  expect(usesOf({ uses: 1, max_uses: null })).toBe("used by 1 person");
  expect(usesOf({ uses: 3, max_uses: 30 })).toBe("3 of 30 used");
  expect(wayState({ revoked_at: null, expires_at: null })).toBe("");
  expect(wayState({ revoked_at: null, expires_at: "2001-01-01T00:00:00Z" })).toMatch(/^ended/);
  expect(wayState({ revoked_at: null, expires_at: "2901-01-01T00:00:00Z" })).toMatch(/^good until/);
  expect(isGood({ status: "good" })).toBe(true);
});

it("tells who takes a role away what goes with it", () => {
  const student = { role: "student", watch_only: false } as const;
  expect(withoutRole(student, true)).toContain("rosters and grades at once. Their place goes to");
  expect(withoutRole(student, false)).not.toContain("place goes");
  for (const other of [{ ...student, watch_only: true }, { role: "assistant", watch_only: false } as const]) {
    expect(withoutRole(other, true)).not.toMatch(/grades|place goes/);
  }
});
