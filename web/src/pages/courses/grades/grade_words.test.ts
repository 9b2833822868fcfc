import { expect, it } from "vitest";
import type { BookRow } from "../../../api/assignments";
import { percentOf, reachedOf, sortedRows } from "./grade_words";

it("says what is reached of what is graded, and of everything, and never rounds up", () => {
  const entries = [
    { out_of: 3, final_points: 2 },
    { out_of: 10, final_points: null },
    { out_of: 0.1, final_points: 0.1 },
  ];
  expect(reachedOf(entries)).toEqual({ to_date: 67.7, overall: 16, points: 2.1, out_of: 3.1 });
  expect(reachedOf([{ out_of: 10, final_points: null }]).to_date).toBeNull();
  expect(reachedOf([])).toEqual({ to_date: null, overall: null, points: 0, out_of: 0 });
  expect([percentOf(62.5), percentOf(null)]).toEqual(["62.5 %", "—"]);
});

it("finds students by name or address, and puts them in the order of names", () => {
  const row = (full_name: string, email: string) => ({ full_name, email, entries: [] }) as unknown as BookRow;
  const rows = [row("Zoe", "z@a.example"), row("Ärne", "b@a.example"), row("Bob", "c@a.example")];
  expect(sortedRows(rows, "", "de").map(({ full_name }) => full_name)).toEqual(["Ärne", "Bob", "Zoe"]);
  expect(sortedRows(rows, " ZOE ", "de")).toHaveLength(1);
  expect(sortedRows(rows, "b@", "de").map(({ full_name }) => full_name)).toEqual(["Ärne"]);
});
