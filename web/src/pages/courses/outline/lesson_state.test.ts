import { describe, expect, it } from "vitest";
import { fromLocal, later, toLocal } from "../local_time";
import { hiddenWhy, mayEnter, phaseOf, whenOf } from "./lesson_state";

const doors = { lesson_opens_minutes: 15, lesson_grace_minutes: 30 };
const lesson = {
  starts_at: "2026-10-05T08:00:00Z",
  ends_at: "2026-10-05T08:45:00Z",
  cancelled: false,
  over_at: null,
};
const at = (time: string, one: Parameters<typeof phaseOf>[0] = lesson) =>
  phaseOf(one, doors, Date.parse(`2026-10-05T${time}Z`));

describe("a live lesson", () => {
  it("opens before its start, and lets late comers in until its grace is over", () => {
    expect(["07:44:59", "07:45:00", "08:00:00", "08:45:00", "09:15:00"].map((time) => at(time))).toEqual([
      "coming",
      "open",
      "on",
      "grace",
      "over",
    ]);
  });

  it("lasts four hours where it has no end, and is always open where it has no time", () => {
    const endless = { ...lesson, ends_at: null };
    expect(at("11:59:59", endless)).toBe("on");
    expect(at("12:00:00", endless)).toBe("grace");
    expect(at("03:00:00", { ...endless, starts_at: null })).toBe("timeless");
  });

  it("lets the class in while its door is open, staff always, and nobody once it is cancelled", () => {
    expect(mayEnter("coming", false)).toBe(false);
    expect(mayEnter("over", false)).toBe(false);
    expect(mayEnter("open", false)).toBe(true);
    expect(mayEnter("grace", false)).toBe(true);
    expect(mayEnter("coming", true)).toBe(true);
    expect(mayEnter(at("08:10:00", { ...lesson, cancelled: true }), true)).toBe(false);
  });

  it("is over once its staff have ended it, and not when it was moved since", () => {
    const ended = { ...lesson, over_at: "2026-10-05T08:20:00Z" };
    expect(at("08:20:01", ended)).toBe("over");
    expect(at("08:30:01", { ...ended, starts_at: "2026-10-05T08:30:00Z" })).toBe("on");
  });

  it("says when it is, its day once", () => {
    const starts_at = new Date(2026, 9, 5, 8).toISOString();
    const ends_at = new Date(2026, 9, 5, 8, 45).toISOString();
    const on = (day: number) => whenOf({ starts_at, ends_at }, new Date(2026, 9, day), "en-GB");
    expect(on(1)).toBe("Mon, 5 Oct 2026, 08:00\u2060–\u206008:45");
    expect(on(4)).toBe("Tomorrow, 08:00\u2060–\u206008:45");
    expect(on(5)).toBe("Today, 08:00\u2060–\u206008:45");
    expect(whenOf({ starts_at: null, ends_at: null })).toBe("");
  });

  it("is hidden until it is released", () => {
    const now = Date.parse("2026-10-05T08:00:00Z");
    expect(hiddenWhy({ published: false, release_at: null }, now)).toBe("Hidden");
    expect(hiddenWhy({ published: true, release_at: "2030-01-01T00:00:00Z" }, now)).toMatch(/^Hidden until/);
    expect(hiddenWhy({ published: true, release_at: "2026-10-05T07:00:00Z" }, now)).toBeNull();
    expect(hiddenWhy({ published: true, release_at: null }, now)).toBeNull();
  });
});

describe("times in fields", () => {
  it("are by the clock here, there and back", () => {
    const iso = new Date(2026, 9, 5, 8, 5).toISOString();
    expect(toLocal(iso)).toBe("2026-10-05T08:05");
    expect(fromLocal("2026-10-05T08:05", null)).toBe(iso);
    expect([toLocal(null), fromLocal("", iso), fromLocal("nonsense", null)]).toEqual(["", null, null]);
  });

  it("stay the moments that they were, to the second, where nobody changes them", () => {
    const iso = new Date(2026, 9, 5, 23, 59, 59).toISOString();
    expect(fromLocal(toLocal(iso), iso)).toBe(iso);
    expect(fromLocal("2026-10-05T23:58", iso)).toBe(new Date(2026, 9, 5, 23, 58).toISOString());
  });

  it("move on by minutes", () => {
    expect(later("2026-10-05T23:30", 45)).toBe("2026-10-06T00:15");
    expect(later("", 45)).toBe("");
  });
});
