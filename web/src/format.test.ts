import { describe, expect, it } from "vitest";
import { isSlug, slugOf } from "./api/rooms";
import { initials } from "./design/Avatar";
import { meterFraction } from "./design/Meter";
import { bitrate, bytes, clock, duration, moment, plural, wallTime } from "./format";
import { deviceName } from "./pages/profile/device_name";

describe("times", () => {
  it("shows a clock with hours only when there are some", () => {
    expect([0, 7, 754, 3723, Number.NaN].map(clock)).toEqual(["0:00", "0:07", "12:34", "1:02:03", "0:00"]);
  });

  it("writes the time of a series as the language does, also one that the clocks here leave out", () => {
    const times = ["08:00", "02:30"];
    expect(times.map((one) => wallTime(one, "de-DE"))).toEqual(["08:00", "02:30"]);
    expect(times.map((one) => wallTime(one, "en-US").replace(/\s/, " "))).toEqual(["8:00 AM", "2:30 AM"]);
  });

  it("says a duration in words, carrying into the next unit", () => {
    expect([45, 59.6, 720, 3599, 3900].map(duration)).toEqual([
      "45 s",
      "1 min",
      "12 min",
      "1 h 00 min",
      "1 h 05 min",
    ]);
  });

  it("names near days and writes far ones out", () => {
    const now = new Date(2026, 2, 10, 12);
    const at = (day: number) => moment(new Date(2026, 2, day, 9, 5).toISOString(), now, "en-GB");
    expect(at(10)).toBe("Today, 09:05");
    expect(at(9)).toBe("Yesterday, 09:05");
    expect(at(11)).toBe("Tomorrow, 09:05");
    expect(at(3)).toBe("3 Mar 2026, 09:05");
    expect(moment("nonsense", now)).toBe("");
    expect(moment(new Date(2026, 2, 4, 14, 5).toISOString(), new Date(2026, 2, 4), "en-US")).toMatch(
      /^Today, 2:05\sPM$/,
    );
  });
});

describe("amounts", () => {
  it("writes bytes with one digit below ten", () => {
    expect([0, 999, 1400, 999_600, 12_300_000].map(bytes)).toEqual([
      "0 B",
      "999 B",
      "1.4 kB",
      "1.0 MB",
      "12 MB",
    ]);
  });

  it("writes bit rates", () => {
    expect([850_400, 2_440_000].map(bitrate)).toEqual(["850 kbit/s", "2.4 Mbit/s"]);
  });

  it("counts people", () => {
    expect([plural(1, "person", "people"), plural(4, "person", "people")]).toEqual(["1 person", "4 people"]);
  });

  it("puts a level on the bar, silence at its foot", () => {
    expect([Number.NEGATIVE_INFINITY, -60, -30, 0, 3].map(meterFraction)).toEqual([0, 0, 0.5, 1, 1]);
  });
});

describe("names", () => {
  it("makes an address of a name", () => {
    expect(slugOf("Álgebra II, Tuesday!")).toBe("algebra-ii-tuesday");
    expect(slugOf("日本語")).toBe("");
    expect(slugOf(`${"a".repeat(63)} b`)).toBe("a".repeat(63));
  });

  it("knows a good address", () => {
    expect(["algebra_2", "A-b", "", "a b", "x".repeat(65)].map(isSlug)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("takes initials of the first and last word", () => {
    expect(["Ada King Lovelace", "plato", "  ", "Émile Zola"].map(initials)).toEqual(["AL", "P", "?", "ÉZ"]);
  });

  it("names browsers as people do", () => {
    const agent =
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0";
    expect(deviceName(agent)).toBe("Edge on Windows");
    expect(deviceName("")).toBe("Unknown device");
  });
});
