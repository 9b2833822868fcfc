import { describe, expect, it } from "vitest";
import { deal, shuffled, sizesInWords } from "./grouping";

const people = Array.from({ length: 10 }, (_, index) => index);

describe("dealing people out", () => {
  it("leaves nobody out and gives no group more than one more", () => {
    const groups = deal(people, 3);
    expect(groups.flat().sort((a, b) => a - b)).toEqual(people);
    expect(groups.map((group) => group.length)).toEqual([4, 3, 3]);
  });

  it("leaves groups empty when there are more groups than people", () => {
    expect(deal([1, 2], 3).map((group) => group.length)).toEqual([1, 1, 0]);
  });

  it("mixes them first", () => {
    const last = () => 0.999;
    expect(shuffled([1, 2, 3], last)).toEqual([1, 2, 3]);
    expect(shuffled([1, 2, 3], () => 0)).toEqual([2, 3, 1]);
  });
});

it("says how many come into each", () => {
  const said = [1, 2, 3, 6].map((count) => sizesInWords(count, 2));
  expect(said).toEqual([
    "At most 1 person in each",
    "1 person in each",
    "1 or 2 people in each",
    "3 people in each",
  ]);
});
