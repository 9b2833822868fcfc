import { describe, expect, it } from "vitest";
import { fitGrid, GAP, PAGER, paged, pageOf, pageSize, stripSize } from "./layout";

const WINDOW = { width: 1376, height: 725 };
const PHONE = { width: 364, height: 600 };

describe("the grid", () => {
  it.each([1, 2, 3, 4, 5, 7, 9, 12, 16, 20, 25])("of %i fits the area, and no tile is missing", (count) => {
    for (const area of [WINDOW, PHONE]) {
      const { columns, rows, tileWidth, tileHeight } = fitGrid(count, area);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(columns * tileWidth + (columns - 1) * GAP).toBeLessThanOrEqual(area.width);
      expect(rows * tileHeight + (rows - 1) * GAP).toBeLessThanOrEqual(area.height);
      expect(tileWidth / tileHeight).toBeLessThan(1.8);
      expect(tileWidth / tileHeight).toBeGreaterThan(1.05);
    }
  });

  it("puts two beside each other in a window and under each other on a phone", () => {
    expect(fitGrid(2, WINDOW).columns).toBe(2);
    expect(fitGrid(2, PHONE).columns).toBe(1);
  });

  it("gives one alone all of it", () => {
    expect(fitGrid(1, WINDOW)).toEqual({ columns: 1, rows: 1, tileWidth: 1288, tileHeight: 725 });
  });

  it("survives an area that has no size yet", () => {
    expect(fitGrid(3, { width: 0, height: 0 }).tileWidth).toBe(0);
    expect(pageSize({ width: 0, height: 0 })).toBe(1);
  });
});

describe("pages", () => {
  const items = Array.from({ length: 60 }, (_, index) => ({ key: `p${index}` }));

  it("hold what stays large enough to see", () => {
    expect(pageSize(WINDOW)).toBe(25);
    expect(pageSize(PHONE)).toBe(12);
    expect(stripSize(725, 117)).toBe(5);
  });

  it("leave room to turn them, where there are several", () => {
    expect(paged(25, WINDOW)).toEqual({ size: 25, area: WINDOW });
    const { size, area } = paged(26, PHONE);
    expect(area.height).toBe(PHONE.height - PAGER);
    expect(size).toBeLessThanOrEqual(pageSize(PHONE));
  });

  it("are cut without losing or doubling anybody", () => {
    const all = [0, 1, 2].flatMap((page) => pageOf(items, page, 25).shown);
    expect(all).toEqual(items);
    expect(pageOf(items, 0, 25).pages).toBe(3);
  });

  it("go back to the last one when people have left", () => {
    expect(pageOf(items.slice(0, 30), 2, 25)).toMatchObject({ page: 1, pages: 2 });
    expect(pageOf([], 4, 25)).toEqual({ shown: [], page: 0, pages: 1 });
  });

  it("show who speaks from a later page in the last place of the first", () => {
    const { shown } = pageOf(items, 0, 25, "p40");
    expect(shown).toHaveLength(25);
    expect(shown.at(-1)?.key).toBe("p40");
    expect(pageOf(items, 0, 25, "p3").shown).toEqual(items.slice(0, 25));
    expect(pageOf(items, 1, 25, "p40").shown).toEqual(items.slice(25, 50));
  });
});
