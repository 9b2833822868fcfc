import { expect, it } from "vitest";
import type { Announcement } from "../../api/announcements";
import type { Course } from "../../api/courses";
import type { Lesson } from "../../api/outline";
import { newOf, nextOf } from "./next";

const course = { id: "c", lesson_opens_minutes: 15, lesson_grace_minutes: 30 } as Course;
const now_ms = Date.parse("2026-10-05T08:10:00Z");
const lesson = (title: string, starts_at: string | null, cancelled = false) => ({
  course,
  one: { title, starts_at, ends_at: null, cancelled } as Lesson,
});
const told = (title: string, created_at: string) => ({ course, one: { title, created_at } as Announcement });

it("has what is on and what comes within a week, in the order of time", () => {
  const found = nextOf(
    [
      lesson("in a week", "2026-10-12T08:00:00Z"),
      lesson("too far", "2026-10-12T08:11:00Z"),
      lesson("on", "2026-10-05T08:00:00Z"),
      lesson("yesterday", "2026-10-04T01:00:00Z"),
      lesson("at any time", null),
      lesson("soon", "2026-10-05T08:20:00Z"),
    ],
    now_ms,
  );
  expect(found.map(({ one, phase }) => [one.title, phase])).toEqual([
    ["on", "on"],
    ["soon", "open"],
    ["in a week", "coming"],
  ]);
});

it("says of a cancelled lesson that it is, until its time is over", () => {
  const found = nextOf(
    [lesson("today", "2026-10-05T08:00:00Z", true), lesson("gone", "2026-10-01T08:00:00Z", true)],
    now_ms,
  );
  expect(found.map(({ one, phase }) => [one.title, phase])).toEqual([["today", "cancelled"]]);
});

it("has the announcements of a month, newest first", () => {
  const found = newOf(
    [
      told("old", "2026-09-01T08:00:00Z"),
      told("first", "2026-10-01T08:00:00Z"),
      told("then", "2026-10-04T08:00:00Z"),
    ],
    now_ms,
  );
  expect(found.map(({ one }) => one.title)).toEqual(["then", "first"]);
});
