import { expect, it } from "vitest";
import { safePath } from "../pages/entrance/SignIn";
import { signInError } from "../pages/entrance/sign_in_errors";
import { tokenIn } from "./useLinkToken";
import { secondsLeft } from "./useSecondsLeft";

it("finds the token of a link in the fragment alone", () => {
  expect(tokenIn("#token=abc-_9")).toBe("abc-_9");
  expect(tokenIn("#token=a%2Bb")).toBe("a+b");
  expect(tokenIn("#content")).toBeNull();
  expect(tokenIn("")).toBeNull();
});

it("counts down in whole seconds and ends at none", () => {
  expect(secondsLeft(10_000, 0)).toBe(10);
  expect(secondsLeft(10_000, 9_001)).toBe(1);
  expect(secondsLeft(10_000, 10_000)).toBe(0);
  expect(secondsLeft(0, 5_000)).toBe(0);
});

it("goes on after sign-in to pages of this server only", () => {
  expect(safePath("/rooms/a?b=c")).toBe("/rooms/a?b=c");
  for (const foreign of ["//evil.example", "https://evil.example", "/\\evil.example", null]) {
    expect(safePath(foreign)).toBe("/");
  }
});

it("has a sentence for every failed sign-in, and never shows what it does not know", () => {
  expect(signInError("denied")).toMatch(/not allowed/);
  expect(signInError("<b>")).toMatch(/did not work/);
  expect(signInError(null)).toBeNull();
});
