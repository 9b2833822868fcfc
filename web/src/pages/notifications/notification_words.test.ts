import { expect, it } from "vitest";
import type { Choices } from "../../api/notifications";
import { changeOf, hourOf, linkOf, toldIn } from "./notification_words";

const now: Choices = {
  time_zone: "Europe/Berlin",
  digest_hour: 7,
  mails: true,
  kinds: [
    { kind: "announcement", title: "Announcements", mail: "at_once", default: "at_once" },
    { kind: "recording_ready", title: "Recordings", mail: "none", default: "daily" },
  ],
};
const same = {
  "kind-announcement": "at_once",
  "kind-recording_ready": "none",
  digest_hour: "7",
  time_zone: "Europe/Berlin",
};

it("leads to pages of this server alone", () => {
  expect(linkOf({ kind: "lesson_moved", link: "/courses/a" })).toBe("/courses/a");
  for (const link of ["", "//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example"])
    expect(linkOf({ kind: "announcement", link })).toBeNull();
});

it("leads to announcements where they are read", () => {
  expect(linkOf({ kind: "announcement", link: "/courses/a" })).toBe("/courses/a/announcements");
  expect(linkOf({ kind: "announcement", link: "/recordings/a" })).toBe("/recordings/a");
});

it("sends nothing of a form that was not changed", () => {
  expect(changeOf(now, same)).toEqual({});
});

it("sends what was changed, and a default that is chosen again as no choice", () => {
  expect(changeOf(now, { ...same, "kind-announcement": "daily", digest_hour: "0" })).toEqual({
    kinds: { announcement: "daily" },
    digest_hour: 0,
  });
  expect(changeOf(now, { ...same, "kind-recording_ready": "daily", time_zone: "UTC" })).toEqual({
    kinds: { recording_ready: null },
    time_zone: "UTC",
  });
});

it("leaves out what is no choice", () => {
  expect(changeOf(now, { ...same, "kind-announcement": "sometimes" })).toEqual({});
});

it("tells in one line what it is and where", () => {
  expect(toldIn({ title: "Exam", context: "PHY-101, Optics" })).toBe("Exam (PHY-101, Optics)");
  expect(toldIn({ title: "Exam", context: "" })).toBe("Exam");
});

it("writes hours as clocks do", () => {
  expect([0, 7, 23].map((hour) => hourOf(hour, "de"))).toEqual(["00:00", "07:00", "23:00"]);
  expect(hourOf(19, "en-US")).toMatch(/^7:00\sPM$/);
});
