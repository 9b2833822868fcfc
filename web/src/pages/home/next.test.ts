import { expect, it } from "vitest";
import type { HomeCourse, HomeRead } from "../../api/home";
import type { Lesson } from "../../api/outline";
import { dueOf, inCourses, isAtAnyTime, nextOf } from "./next";

const course = { id: "c", lesson_opens_minutes: 15, lesson_grace_minutes: 30 } as HomeCourse;
const now_ms = Date.parse("2026-10-05T08:10:00Z");
const home = (read: Partial<HomeRead>): HomeRead => ({
  courses: [course],
  lessons: [],
  due: [],
  quizzes: [],
  to_grade: [],
  announcements: [],
  unread: 0,
  ...read,
});
const lesson = (title: string, starts_at: string, cancelled = false) =>
  ({ title, starts_at, ends_at: null, over_at: null, cancelled, course_id: "c" }) as Lesson;
const work = (id: string, due_at: string | null) => ({
  id,
  course_id: "c",
  title: id,
  due_at,
  status: "floating" as const,
  points: 1,
});
const quiz = (id: string, closes_at: string | null, ends_at?: string | null) => ({
  id,
  course_id: "c",
  title: id,
  closes_at,
  time_limit_minutes: null,
  begun: ends_at !== undefined,
  ends_at: ends_at ?? null,
});

it("has lessons as they stand now, and leaves out what is over since it was read", () => {
  const lessons = [
    lesson("over", "2026-10-04T01:00:00Z"),
    lesson("on", "2026-10-05T08:00:00Z"),
    lesson("off", "2026-10-05T08:05:00Z", true),
    lesson("soon", "2026-10-05T08:20:00Z"),
    lesson("later", "2026-10-12T08:00:00Z"),
  ];
  expect(nextOf(home({ lessons }), now_ms).map(({ one, phase }) => [one.title, phase])).toEqual([
    ["on", "on"],
    ["off", "cancelled"],
    ["soon", "open"],
    ["later", "coming"],
  ]);
});

it("tells what is overdue apart, and puts what somebody is at before everything", () => {
  const read = home({
    due: [
      work("late", "2026-10-05T08:00:00Z"),
      work("essay", "2026-10-07T08:00:00Z"),
      work("some time", null),
    ],
    quizzes: [quiz("ever", null), quiz("test", "2026-10-06T08:00:00Z"), quiz("at it", null, null)],
  });
  expect(dueOf(read, now_ms).map(({ title, state }) => [title, state])).toEqual([
    ["at it", "begun"],
    ["late", "overdue"],
    ["test", "open"],
    ["essay", "due"],
    ["some time", "due"],
    ["ever", "open"],
  ]);
  expect(
    dueOf(read, now_ms)
      .filter(isAtAnyTime)
      .map(({ title }) => title),
  ).toEqual(["some time", "ever"]);
  expect(dueOf(read, now_ms)[2]?.href).toBe("/courses/c/quizzes?quiz=test");
});

it("leaves out what is of no course that was read", () => {
  expect(inCourses([course], [{ course_id: "other" }])).toEqual([]);
});
