import { expect, test } from "vitest";
import { chaptersOf, draftOf } from "./chapter_drafts";

test("chapters of one second are saved as they were given", () => {
  const given = [
    { start_seconds: 0, title: "Welcome" },
    { start_seconds: 754.2, title: "Poll" },
    { start_seconds: 754.9, title: "Ada" },
  ];
  const rows = given.map((one) => draftOf(one.start_seconds, one.title));
  expect(chaptersOf(rows)).toEqual(given);
  expect(chaptersOf([...rows, draftOf(754.5, " Between ")])).toEqual([
    ...given.slice(0, 2),
    { start_seconds: 754.5, title: "Between" },
    given[2],
  ]);
});

test("a time that is typed anew counts, and one that is typed back is the exact one", () => {
  const row = draftOf(754.2, "Poll");
  expect(row.time).toBe("12:34");
  expect(chaptersOf([{ ...row, time: "12:35.5" }])).toEqual([{ start_seconds: 755.5, title: "Poll" }]);
  expect(chaptersOf([{ ...row, time: "12:34" }])).toEqual([{ start_seconds: 754.2, title: "Poll" }]);
});

test("what cannot be saved is said", () => {
  const row = draftOf(754.2, "Poll");
  expect(chaptersOf([{ ...row, time: "soon" }])).toBe("“soon” is no time: write it as 12:34.");
  expect(chaptersOf([row, draftOf(3, " ")])).toBe("Give each chapter a title.");
  const twice = "Two chapters begin at 12:34: give each its own time.";
  expect(chaptersOf([row, draftOf(3, "Hello"), draftOf(754.2, "Again")])).toBe(twice);
});
