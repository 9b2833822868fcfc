import { expect, it } from "vitest";
import { csvCell, csvTable } from "./csv";

it("opens no formula, wherever a spreadsheet has a cell begin", () => {
  expect(["=1", "+1", "-1", "@A", "\t=1", "\n=1"].map(csvCell)).toEqual([
    "'=1",
    "'+1",
    "'-1",
    "'@A",
    "'\t'=1",
    "\"'\n'=1\"",
  ]);
  expect(["Ann;=1", 'Ann;"=1', "Ann\t+1", "Ann\r\n@A", "Ann;;-1"].map(csvCell)).toEqual([
    "Ann;'=1",
    '"Ann;\'""=1"',
    "Ann\t'+1",
    '"Ann\r\n\'@A"',
    "Ann;;'-1",
  ]);
});

it("leaves other texts and numbers as they are", () => {
  expect(
    csvTable(
      ["Name", "a;b - c"],
      [
        ["Waves, first", -1.5],
        ['say "so"', 0],
      ],
    ),
  ).toBe('Name,a;b - c\r\n"Waves, first",-1.5\r\n"say ""so""",0\r\n');
});
