import { describe, expect, it } from "vitest";
import { grouped } from "./Menu";

describe("the items of a menu", () => {
  const item = (label: string, group?: string) => ({ label, act: () => undefined, ...(group && { group }) });

  it("stand together with their neighbours of one group, the others by themselves", () => {
    const items = [item("a", "Large"), item("b", "Large"), item("c"), item("d"), item("e", "Sound")];
    expect(grouped(items).map(({ group, members }) => [group, members.map(({ label }) => label)])).toEqual([
      ["Large", ["a", "b"]],
      [undefined, ["c"]],
      [undefined, ["d"]],
      ["Sound", ["e"]],
    ]);
  });
});
