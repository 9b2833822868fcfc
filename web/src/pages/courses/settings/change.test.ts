import { expect, it } from "vitest";
import type { Course } from "../../../api/courses";
import { bytesOf, gigabytesOf } from "../../gigabytes";
import { changeOf } from "./change";

const course = {
  name: "Mechanics",
  code: "PHY-101",
  semester: "Autumn",
  year: 2026,
  department: "",
  description: "",
  status: "active",
  max_students: 30,
  listed: true,
  self_enrolment: true,
  waiting_list: true,
  mail_lessons: false,
  lesson_opens_minutes: 15,
  lesson_grace_minutes: 30,
  record_lessons: "by_hand",
  publish_rule: "after_review",
} as Course;

const typed = {
  name: " Mechanics ",
  code: "PHY-101",
  semester: "Autumn",
  year: "2026",
  status: "active",
  max_students: "30",
  listed: "on",
  self_enrolment: "on",
  waiting_list: "on",
  lesson_opens_minutes: "15",
  lesson_grace_minutes: "30",
  record_lessons: "by_hand",
  publish_rule: "after_review",
};

it("sends of the settings only what is different", () => {
  expect(changeOf(course, typed)).toEqual({});
  expect(changeOf(course, { ...typed, name: "Mechanics I", status: "completed" })).toEqual({
    name: "Mechanics I",
    status: "completed",
  });
});

it("takes the limit away with an empty field, and a tick with an empty box", () => {
  const { listed: _, ...unlisted } = { ...typed, max_students: "" };
  expect(changeOf(course, unlisted)).toEqual({ max_students: null, listed: false });
});

it("writes quotas in gigabytes, none as nothing", () => {
  expect([bytesOf("2.5"), bytesOf(""), bytesOf("0.001")]).toEqual([2_500_000_000, null, 1_000_000]);
  expect([gigabytesOf(2_500_000_000), gigabytesOf(null)]).toEqual(["2.5", ""]);
});
