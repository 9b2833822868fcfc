import { expect, it } from "vitest";
import { leftOf, spokenLeft } from "./time_left";

it("counts by the server's clock", () => {
  const now_ms = Date.parse("2026-10-05T08:00:00Z");
  expect(leftOf("2026-10-05T08:01:00Z", 0, now_ms)).toBe(60_000);
  expect(leftOf("2026-10-05T08:01:00Z", 10_000, now_ms)).toBe(50_000);
  expect(leftOf(null, 0, now_ms)).toBeNull();
});

it("is said at five minutes, at one, and at the end", () => {
  expect([301, 300, 61, 60, 1, 0].map(spokenLeft)).toEqual([
    "",
    "Less than five minutes are left.",
    "Less than five minutes are left.",
    "Less than a minute is left.",
    "Less than a minute is left.",
    "The time is over.",
  ]);
});
