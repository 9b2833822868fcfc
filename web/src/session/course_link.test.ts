import { afterEach, expect, it } from "vitest";
import { courseLinkToken, forgetCourseLink } from "./course_link";

afterEach(() => {
  forgetCourseLink();
  window.history.replaceState(null, "", "/");
});

it("takes the token out of the address, and has it still after signing in", () => {
  window.history.replaceState(null, "", "/courses/join?a=b#token=secret_1");
  expect(courseLinkToken()).toBe("secret_1");
  expect(window.location.hash).toBe("");
  expect(window.location.search).toBe("?a=b");
  window.history.replaceState(null, "", "/courses/join");
  expect(courseLinkToken()).toBe("secret_1");
});

it("takes a newer link before the one it has, and forgets it when told", () => {
  window.history.replaceState(null, "", "/courses/join#token=old");
  courseLinkToken();
  window.history.replaceState(null, "", "/courses/join#token=new");
  expect(courseLinkToken()).toBe("new");
  forgetCourseLink();
  expect(courseLinkToken()).toBeNull();
});
