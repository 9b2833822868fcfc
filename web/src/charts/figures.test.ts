import { describe, expect, it } from "vitest";
import {
  type ChartData,
  csvOf,
  fileNameOf,
  hasValues,
  pointName,
  pointWords,
  shapeOf,
  steppedBy,
  topOf,
} from "./figures";

const data: ChartData = {
  along: { kind: "names", label: "Class", names: ["Waves, first", '=SUM("x")', "-1"] },
  series: [
    { label: "Present", look: "bar", values: [12, 0, null] },
    { label: "Late", look: "bar", values: [1.25, 3, null] },
  ],
};

describe("a chart in words", () => {
  it("names a point and all its values, and says where nothing is known", () => {
    expect(pointWords(data, 0)).toBe("Waves, first: Present 12, Late 1.3");
    expect(pointWords({ ...data, unit: "%" }, 2)).toBe("-1: Present –, Late –");
    expect(pointWords({ ...data, format: (value) => `${value} of 20` }, 1)).toContain("Late 3 of 20");
  });

  it("names moments of a recording by its clock", () => {
    expect(pointName({ kind: "position", label: "At", seconds: [0, 3723] }, 1)).toBe("1:02:03");
  });

  it("is drawn anew only where it is of another kind", () => {
    const more = { kind: "names", label: "Class", names: ["Waves", "Light"] } as const;
    const later = { ...data, along: more, series: data.series.map((one) => ({ ...one, values: [1, 2] })) };
    expect(shapeOf(later)).toBe(shapeOf(data));
    expect(shapeOf({ ...data, series: data.series.slice(1) })).not.toBe(shapeOf(data));
    const lines = data.series.map((one) => ({ ...one, look: "line" as const }));
    expect(shapeOf({ ...data, series: lines })).not.toBe(shapeOf(data));
  });

  it("knows that nothing but gaps is nothing", () => {
    expect(hasValues(data)).toBe(true);
    const gaps = data.series.map((one) => ({ ...one, values: [null, null, null] }));
    expect(hasValues({ ...data, series: gaps })).toBe(false);
  });
});

describe("a chart's data as a file", () => {
  it("keeps numbers exact and opens no formula", () => {
    expect(csvOf({ ...data, unit: "people" })).toBe(
      "Class,Present (people),Late (people)\r\n" +
        '"Waves, first",12,1.25\r\n' +
        `"'=SUM(""x"")",0,3\r\n` +
        "'-1,,\r\n",
    );
  });

  it("says moments in a way that every program reads", () => {
    const at_ms = [Date.UTC(2026, 10, 29, 9, 30)];
    const csv = csvOf({
      along: { kind: "time", label: "At", at_ms },
      series: [{ label: "CPU", look: "line", values: [3] }],
    });
    expect(csv).toBe("At,CPU\r\n2026-11-29T09:30:00.000Z,3\r\n");
  });

  it("is called as the chart is", () => {
    expect(fileNameOf("Who was there? (Übung)", "csv")).toBe("who-was-there-übung.csv");
    expect(fileNameOf("…", "png")).toBe("chart.png");
  });
});

describe("keys in a chart", () => {
  it("go from point to point and stop at the ends", () => {
    expect(steppedBy("ArrowRight", null, 5)).toBe(0);
    expect(steppedBy("ArrowRight", 0, 5)).toBe(1);
    expect(steppedBy("ArrowRight", 4, 5)).toBe(4);
    expect(steppedBy("ArrowLeft", 0, 5)).toBe(0);
    expect(steppedBy("End", 0, 5)).toBe(4);
    expect(steppedBy("Home", 3, 5)).toBe(0);
    expect(steppedBy("PageUp", 0, 100)).toBe(10);
    expect(steppedBy("PageDown", 5, 100)).toBe(0);
  });

  it("that are not its own are left to the page", () => {
    for (const key of ["Tab", "a", "Enter"]) expect(steppedBy(key, 2, 5)).toBeNull();
    expect(steppedBy("ArrowRight", null, 0)).toBeNull();
  });
});

describe("the scale of a chart", () => {
  const of = (...values: (number | null)[]): ChartData => ({
    along: { kind: "names", label: "Day", names: values.map(String) },
    series: [{ label: "Some", look: "bar", values }],
  });

  it("ends at the next round number, of parts of one as well", () => {
    expect(topOf(of(28.5), 28.5)).toBe(30);
    expect(topOf(of(0.3, 0), 0.3)).toBeCloseTo(0.3);
    expect(topOf(of(0.03), 0.03)).toBeCloseTo(0.03);
  });

  it("reaches to one where whole things are counted, or nothing is known", () => {
    expect(topOf(of(0, 0), 0)).toBe(1);
    expect(topOf(of(null), 0)).toBe(1);
    expect(topOf({ ...of(0.5), top: 100 }, 0.5)).toBe(100);
  });
});
