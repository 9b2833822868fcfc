import { expect, it } from "vitest";
import type { Attempt } from "../../../api/quizzes";
import { aheadBy } from "../../../api/quizzes";
import {
  attemptsOf,
  briefly,
  closesAtOnce,
  countedOf,
  doorOf,
  listOf,
  numberOf,
  readAs,
  whyNoNumber,
} from "./quiz_words";

it("reads numbers as people write them, and nothing else", () => {
  expect(["9.81", "9,81", " -3 ", "−2", "1e3", ".5", "1 000"].map(numberOf)).toEqual([
    9.81, 9.81, -3, -2, 1000, 0.5, 1000,
  ]);
  expect(["", "x", "1.2.3", "1,2,3", "0x10", "Infinity", "-"].map(numberOf)).toEqual(Array(7).fill(null));
});

it("takes a comma before three digits for no point, where it may group thousands", () => {
  const unclear = ["1,000", "12,500", "-999,999", " 1,000 ", "1,000e3"];
  expect(unclear.map(numberOf)).toEqual(unclear.map(() => null));
  expect(["0,500", "1234,567", "1 000,500", "1,00", "1,0000", "1.000", "1'000"].map(numberOf)).toEqual([
    0.5, 1234.567, 1000.5, 1, 1, 1, 1000,
  ]);
  expect(numberOf("1e999")).toBeNull();
  expect(whyNoNumber("-1,500")).toBe("Is this -1500 or -1.500? Write it so, without the comma.");
  expect(whyNoNumber("1,2,3")).toBe("Write a number, like 9.81.");
});

it("says how a number is read, where it is not typed as it is stored", () => {
  expect(["1.000", "9,81", "1 000", "9.81", "", "1,000"].map(readAs)).toEqual([
    "Read as 1.",
    "Read as 9.81.",
    "Read as 1000.",
    undefined,
    undefined,
    undefined,
  ]);
});

it("knows when a quiz is open", () => {
  const times = { opens_at: "2026-10-05T08:00:00Z", closes_at: "2026-10-05T09:00:00Z" };
  const at = (time: string) => doorOf(times, Date.parse(`2026-10-05T${time}Z`));
  expect(["07:59:59", "08:00:00", "08:59:59", "09:00:00"].map(at)).toEqual([
    "early",
    "open",
    "open",
    "closed",
  ]);
  expect(doorOf({ opens_at: null, closes_at: null }, 0)).toBe("open");
});

it("counts several attempts as the quiz says, of what those that count are out of, and none that is not shown", () => {
  const attempts = [
    { number: 4, points: null, max_points: 9 },
    { number: 3, points: 4, max_points: 4 },
    { number: 2, points: 1, max_points: 7 },
    { number: 1, points: 4, max_points: 5 },
  ] as Attempt[];
  expect(countedOf(attempts, "best")).toEqual({ points: 4, max_points: 5 });
  expect(countedOf(attempts, "last")).toEqual({ points: 4, max_points: 4 });
  expect(countedOf(attempts, "average")).toEqual({ points: 3, max_points: 5.3333 });
  const thirds = [0.3333, 0.3334].map((points, index) => ({ number: index + 1, points, max_points: 1 }));
  expect(countedOf(thirds as Attempt[], "average")).toEqual({ points: 0.3334, max_points: 1 });
  expect(countedOf([], "best")).toBeNull();
});

it("says how often somebody may try", () => {
  expect(attemptsOf({ attempts_allowed: 1, counts: "best" })).toBe("One attempt");
  expect(attemptsOf({ attempts_allowed: null, counts: "last" })).toBe(
    "Any number of attempts, the last one counts",
  );
});

it("takes lists between commas or lines, each word once", () => {
  expect(listOf(" optics, waves ,,optics")).toEqual(["optics", "waves"]);
  expect(listOf("Paris\n\nparis \n", "\n")).toEqual(["Paris", "paris"]);
});

it("shortens a question to a line", () => {
  expect(briefly("Which\n  planet?")).toBe("Which planet?");
  expect(briefly("a".repeat(10), 5)).toBe("aaaa…");
});

it("knows by how much the server's clock differs", () => {
  expect(aheadBy("Mon, 05 Oct 2026 08:00:10 GMT", Date.parse("2026-10-05T08:00:00Z"))).toBe(10_500);
  expect(aheadBy(null, 0)).toBe(0);
});

it("tells a closing time that closes a quiz at once from one to come, and from the one that it has", () => {
  const [earlier, now, later] = ["2026-10-05T08:00:00Z", "2026-10-05T08:10:00Z", "2026-10-05T09:00:00Z"];
  const closes = (at: string | null, was: string | null) => closesAtOnce(at, was, Date.parse(now));
  expect([closes(earlier, later), closes(now, null), closes(earlier, now)]).toEqual([true, true, true]);
  expect([closes(later, null), closes(null, later), closes(earlier, earlier), closes(now, earlier)]).toEqual(
    Array(4).fill(false),
  );
});
