import { expect, it } from "vitest";
import { daysOf, told, wayOf } from "./term";

it("says how long recordings are kept", () => {
  expect(told({ own_days: 0, days: null })).toBe("They are kept for ever.");
  expect(told({ own_days: 1, days: 1 })).toContain("into the trash a day after");
  expect(told({ own_days: null, days: 365 })).toContain("365 days after they have ended");
});

it("tells nothing from for ever", () => {
  for (const own_days of [null, 0, 30]) {
    expect(daysOf(wayOf({ own_days, days: own_days || null }), "30")).toBe(own_days);
  }
});
