/** What a chart shows: points along one line, and series of values at them; in words and as CSV. No page. */
import { csvTable } from "../csv";
import { clock, moment } from "../format";

export type Along =
  /** Things beside each other: classes, rooms, days. */
  | { kind: "names"; label: string; names: readonly string[] }
  /** Moments of a recording, in seconds. */
  | { kind: "position"; label: string; seconds: readonly number[] }
  /** Moments in time, in milliseconds, rising. */
  | { kind: "time"; label: string; at_ms: readonly number[] };

export interface Series {
  label: string;
  look: "line" | "area" | "bar";
  /** One for each point; null: nothing is known. */
  values: readonly (number | null)[];
}

export interface ChartData {
  along: Along;
  series: readonly Series[];
  /** Written behind values: "%", "min". */
  unit?: string;
  /** A value in words, where a number and the unit do not do. */
  format?: (value: number) => string;
  /** The least that the upper end of the scale is; of shares, 100. */
  top?: number;
}

const NOTHING = "–";
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

export function countOf(along: Along): number {
  if (along.kind === "names") return along.names.length;
  return along.kind === "position" ? along.seconds.length : along.at_ms.length;
}

/** What a drawing is made for; of the same shape, other values can be shown in it. */
export const shapeOf = ({ along, series }: ChartData): string =>
  [along.kind, ...series.map(({ look, label }) => `${look} ${label}`)].join("\n");

/** What a point is called. */
export function pointName(along: Along, index: number): string {
  if (along.kind === "names") return along.names[index] ?? "";
  if (along.kind === "position") return clock(along.seconds[index] ?? 0);
  return moment(new Date(along.at_ms[index] ?? 0).toISOString());
}

export function valueWords(data: ChartData, value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING;
  if (data.format) return data.format(value);
  return data.unit ? `${number.format(value)} ${data.unit}` : number.format(value);
}

/** A point with all its values, as it is read out. */
export function pointWords(data: ChartData, index: number): string {
  const values = data.series.map(({ label, values: all }) => `${label} ${valueWords(data, all[index])}`);
  return `${pointName(data.along, index)}: ${values.join(", ")}`;
}

/** Whether there is any value. */
export const hasValues = (data: ChartData): boolean =>
  data.series.some(({ values }) => values.some((value) => value !== null));

/** Whether it is of people, clicks and the like, of which there are no halves. */
export const isWhole = (data: ChartData): boolean =>
  data.series.every(({ values }) => values.every((one) => one === null || Number.isInteger(one)));

/** Where the scale ends that reaches to `most`: the next round number. Below 1 there is nothing of whole things. */
export function topOf(data: ChartData, most: number): number {
  const least = isWhole(data) ? 1 : 0;
  const reach = Math.max(most, data.top ?? 0, least) || 1;
  const size = 10 ** Math.floor(Math.log10(reach));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((one) => one * size >= reach * (1 - 1e-9)) ?? 10;
  return step * size;
}

/** Which point a key leads to; null for keys that are not the chart's. `from` is null before there is one. */
export function steppedBy(key: string, from: number | null, count: number): number | null {
  if (count === 0) return null;
  const page = Math.max(2, Math.round(count / 10));
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowUp: 1,
    ArrowLeft: -1,
    ArrowDown: -1,
    PageUp: page,
    PageDown: -page,
  };
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = steps[key];
  if (step === undefined) return null;
  return from === null ? 0 : Math.min(count - 1, Math.max(0, from + step));
}

/** The data as a file that spreadsheets open: numbers as they are, what would be a formula as text. */
export function csvOf(data: ChartData): string {
  const { along, series } = data;
  const unit = data.unit ? ` (${data.unit})` : "";
  const places = Array.from({ length: countOf(along) }, (_, index) => index);
  const head = [along.label, ...series.map(({ label }) => label + unit)];
  const rows = places.map((index) => [
    exactName(along, index),
    ...series.map(({ values }) => values[index] ?? ""),
  ]);
  return csvTable(head, rows);
}

const exactName = (along: Along, index: number): string =>
  along.kind === "time" ? new Date(along.at_ms[index] ?? 0).toISOString() : pointName(along, index);

/** The name of a file made of a title. */
export const fileNameOf = (title: string, ending: string): string =>
  `${
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "") || "chart"
  }.${ending}`;
