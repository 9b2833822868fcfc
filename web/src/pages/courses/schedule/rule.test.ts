import { expect, it } from "vitest";
import { dayOf, parseRule, ruleWords, writeRule } from "./rule";
import { zonesFor } from "./zones";

it("reads what it writes", () => {
  for (const rule of [
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=20",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;UNTIL=20270210",
    "FREQ=MONTHLY;INTERVAL=3",
  ]) {
    const read = parseRule(rule);
    expect(read && writeRule(read)).toBe(rule);
  }
});

it("puts days into their order, whatever the form has", () => {
  const rule = { frequency: "WEEKLY", interval: 1, count: null, until: null } as const;
  expect(writeRule({ ...rule, days: ["WE", "MO"] })).toBe("FREQ=WEEKLY;BYDAY=MO,WE");
});

it("does not read as its own what its form cannot say", () => {
  for (const rule of [
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=MONTHLY;BYMONTHDAY=-1",
    "FREQ=WEEKLY;WKST=SU",
    "FREQ=WEEKLY;UNTIL=20270210T080000Z",
    "",
  ]) {
    expect(parseRule(rule)).toBeNull();
  }
});

it("says a rule in words, with the day of the first class where it names none", () => {
  expect(ruleWords("FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=20", "2026-10-05T08:00")).toBe(
    "Every week on Monday, Wednesday and Friday, 20 times",
  );
  expect(ruleWords("FREQ=WEEKLY;BYDAY=MO;COUNT=1", "2026-10-05T08:00")).toBe("Every week on Monday, once");
  expect(ruleWords("FREQ=WEEKLY;INTERVAL=2", "2026-10-06T08:00")).toBe("Every 2 weeks on Tuesday");
  expect(ruleWords("FREQ=MONTHLY;BYDAY=2TU", "2026-10-06T08:00")).toBe("FREQ=MONTHLY;BYDAY=2TU");
});

it("knows the day of the week by the date alone", () => {
  expect(dayOf("2026-10-04T23:59")).toBe("SU");
  expect(dayOf("2026-10-05T00:00")).toBe("MO");
  expect(dayOf("")).toBeNull();
});

it("offers every zone once, also one that this browser calls otherwise", () => {
  const zones = zonesFor("Europe/Nowhere");
  expect(zones).toContain("Europe/Nowhere");
  expect(zones).toContain("UTC");
  expect(new Set(zones).size).toBe(zones.length);
});
