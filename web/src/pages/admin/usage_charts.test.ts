import { expect, test } from "vitest";
import type { LoadHour, Usage, UsageDay } from "../../api/usage";
import { classesOf, hoursOf, loadOf, peopleOf, recordedOf } from "./usage_charts";

const day = (name: string, more: Partial<UsageDay> = {}): UsageDay => ({
  day: name,
  people: 0,
  classes: 0,
  participant_minutes: 0,
  most_at_once: 0,
  recordings: 0,
  recording_minutes: 0,
  recording_bytes: 0,
  ...more,
});
const usage = (...days: UsageDay[]): Usage => ({
  days,
  courses: [],
  load: [],
  anonymizing: { after_days: 0, finished_at: null, courses: 0, viewers: 0 },
});

test("the fullest day is told", () => {
  const told = peopleOf(
    usage(day("2026-11-28", { people: 30 }), day("2026-11-29", { people: 31, most_at_once: 25 })),
  );
  expect(told.summary).toMatch(/29.*31 people/);
  expect(told.data.series.map(({ values }) => values)).toEqual([
    [30, 31],
    [0, 25],
  ]);
});

test("days without anybody are said to be", () => {
  expect(peopleOf(usage(day("2026-11-28"))).summary).toBe("Nobody was here in these days.");
  expect(loadOf([]).summary).toBe("It was not busy in these days.");
});

test("minutes are told in hours, and sizes in words", () => {
  const days = usage(
    day("2026-11-28", { classes: 1, participant_minutes: 90, recordings: 1, recording_bytes: 2_000_000 }),
    day("2026-11-29", { classes: 2, participant_minutes: 1710 }),
  );
  expect(classesOf(days).summary).toBe("3 classes began in these days.");
  expect(hoursOf(days).summary).toBe("30 hours of all who were in classes, added up.");
  expect(hoursOf(days).data.series[0]?.values).toEqual([1.5, 28.5]);
  expect(hoursOf(days).data.unit).toBe("h");
  expect(recordedOf(days).summary).toMatch(/^1 recording of 2(\.0)? MB in all\.$/);
});

test("the unit is one that what there is can be seen in", () => {
  const recorded = (...sizes: number[]) =>
    recordedOf(usage(...sizes.map((recording_bytes) => day("2026-11-28", { recording_bytes })))).data;
  expect(recorded(20_000_000, 5_000_000)).toMatchObject({ unit: "MB", series: [{ values: [20, 5] }] });
  expect(recorded(2_000_000_000, 5_000_000)).toMatchObject({ unit: "GB", series: [{ values: [2, 0.005] }] });
  expect(recorded(300, 0)).toMatchObject({ unit: "kB", series: [{ values: [0.3, 0] }] });
  const short = hoursOf(usage(day("2026-11-28", { participant_minutes: 12 })));
  expect(short.data).toMatchObject({ unit: "min", series: [{ label: "Minutes", values: [12] }] });
  expect(short.summary).toBe("12 minutes of all who were in classes, added up.");
});

test("the busiest hour is told with who was there", () => {
  const hour = (cpu_most: number, participants: number): LoadHour => ({
    hour: "2026-11-29T08:00:00Z",
    cpu: cpu_most / 2,
    cpu_most,
    machine_load: 0.5,
    memory_bytes: 1,
    participants,
  });
  expect(loadOf([hour(0.5, 3), hour(1.25, 30), hour(0.1, 1)]).summary).toBe(
    "At most 1.25 processors, with 30 people in rooms.",
  );
});
