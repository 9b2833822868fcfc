import { expect, it } from "vitest";
import { called, type DraftGroup, dealt, moved, nameFor, wantedOf, withNew } from "./groups";

const group = (name: string, ...members: string[]): DraftGroup => ({ key: name, id: name, name, members });

it("puts somebody into one group alone, or into none", () => {
  const all = [group("a", "x", "y"), group("b", "z")];
  expect(moved(all, "x", "b").map(({ members }) => members)).toEqual([["y"], ["z", "x"]]);
  expect(moved(all, "z", null).map(({ members }) => members)).toEqual([["x", "y"], []]);
});

it("names new groups as none is named", () => {
  expect(nameFor([group("Group 1"), group("Group 3")])).toBe("Group 2");
  expect(withNew(withNew([])).map(({ name }) => name)).toEqual(["Group 1", "Group 2"]);
});

it("deals those out who are left, none in two groups and none forgotten", () => {
  const people = ["a", "b", "c", "d", "e", "f", "g"];
  const made = dealt([group("old", "z")], people, 3, (all) => all);
  expect(made.map(({ members }) => members.length)).toEqual([1, 4, 3]);
  expect(
    made
      .slice(1)
      .flatMap(({ members }) => members)
      .sort(),
  ).toEqual(people);
  expect(dealt([], ["a"], 4)[0]?.members).toEqual(["a"]);
  expect(dealt([group("old")], [], 4)).toHaveLength(1);
});

it("sends what has somebody in it, with the id of what is there", () => {
  const made = [group(" a ", "x"), group("empty"), ...withNew([], ["y"])];
  expect(wantedOf(made)).toEqual([
    { id: " a ", name: "a", members: ["x"] },
    { name: "Group 1", members: ["y"] },
  ]);
});

it("finds people by a part of their name, in capitals or not", () => {
  const names = new Map([
    ["a", "Ada Lovelace"],
    ["b", "Émilie du Châtelet"],
  ]);
  expect(called(" LOVE ", ["a", "b", "gone"], names)).toEqual(["a"]);
  expect(called("émilie", ["a", "b"], names)).toEqual(["b"]);
  expect(called(" ", ["b", "a"], names)).toEqual(["b", "a"]);
});
