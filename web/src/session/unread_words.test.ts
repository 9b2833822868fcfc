import { expect, it } from "vitest";
import { spokenOf } from "./unread_words";

it("says what is new, and how much there is to read", () => {
  expect(spokenOf(0, 1)).toBe("A new notification. 1 unread.");
  expect(spokenOf(2, 5)).toBe("3 new notifications. 5 unread.");
});

it("says nothing at first, and nothing when something was read", () => {
  expect(spokenOf(null, 4)).toBe("");
  expect(spokenOf(4, 4)).toBe("");
  expect(spokenOf(4, 3)).toBe("");
  expect(spokenOf(4, null)).toBe("");
});
