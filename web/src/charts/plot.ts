/** A chart drawn by uPlot. Loaded with the first chart that is looked at, and a part of the bundle of its own. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock, timeOfDay } from "../format";
import { type Along, type ChartData, isWhole, topOf, valueWords } from "./figures";
import { DASHES, fillOf, type Palette } from "./palette";

export interface Drawing {
  /** Shows other values, of the same shape (`shapeOf`), where it stands: who reads a point goes on reading it. */
  update: (data: ChartData) => void;
  /** Where the reader points; null nowhere. */
  point: (index: number | null) => void;
  resize: (width: number) => void;
  canvas: HTMLCanvasElement;
  destroy: () => void;
}

interface Handlers {
  onPoint: (index: number | null) => void;
  onPick?: ((index: number) => void) | undefined;
}

/** Narrower ones are not read any more; wider ones are walls. */
const BAR_PX: [number, number] = [1, 44];

/** Draws into `host`, which is empty, and calls back with the point under the pointer. */
export function draw(
  host: HTMLElement,
  data: ChartData,
  palette: Palette,
  size: { width: number; height: number },
  { onPoint, onPick }: Handlers,
): Drawing {
  let moving = false;
  let shown = data;
  const current = () => shown;
  const plot = new uPlot(
    {
      ...size,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: {
          show: !data.series.some(({ look }) => look === "bar"),
          size: 8,
          stroke: () => palette.surface,
          width: 2,
          fill: seriesColour(palette),
        },
        bind: { mousedown: () => null, mouseup: () => null, dblclick: () => null },
      },
      scales: {
        x: { time: data.along.kind === "time", range: () => rangeOf(shown) },
        y: { range: (_, __, most) => [0, topOf(shown, most ?? 0)] },
      },
      axes: axesOf(current, palette),
      series: [{}, ...data.series.map((_, index) => seriesOf(data, palette, index))],
      hooks: {
        setCursor: [(at) => !moving && onPoint(at.cursor.idx ?? null)],
        ready: [
          (at) => {
            at.over.addEventListener("click", () => {
              if (typeof at.cursor.idx === "number") onPick?.(at.cursor.idx);
            });
          },
        ],
      },
    },
    tableOf(data),
    host,
  );
  return {
    canvas: plot.ctx.canvas,
    update(next) {
      shown = next;
      plot.setData(tableOf(next));
    },
    point(index) {
      moving = true;
      const left = index === null ? -10 : plot.valToPos(plot.data[0][index] ?? 0, "x");
      plot.setCursor({ left, top: index === null ? -10 : 0 });
      // It is told at the end of this task.
      queueMicrotask(() => {
        moving = false;
      });
    },
    resize: (width) => plot.setSize({ width, height: size.height }),
    destroy: () => plot.destroy(),
  };
}

const tableOf = ({ along, series }: ChartData): uPlot.AlignedData => [
  placesOf(along),
  ...series.map(drawnOf),
];

/** A bar of nothing is not drawn: its outline would be a line. */
const drawnOf = ({ look, values }: ChartData["series"][number]) =>
  values.map((value) => (look === "bar" && value === 0 ? null : value));

const seriesColour = (palette: Palette) => (_: uPlot, index: number) => palette.series[index - 1] ?? "";

function placesOf(along: Along): number[] {
  if (along.kind === "names") return along.names.map((_, index) => index);
  return along.kind === "position" ? [...along.seconds] : along.at_ms.map((ms) => ms / 1000);
}

/** Bars need room on both sides. */
function rangeOf(data: ChartData): [number, number] {
  const places = placesOf(data.along);
  const [first = 0, second = first + 1] = places;
  const last = places.at(-1) ?? first;
  const bars = data.series.some(({ look }) => look === "bar");
  if (data.along.kind === "names") return [-0.6, last + 0.6];
  const half = bars ? (second - first) / 2 : 0;
  return first === last ? [first - 1, first + 1] : [first - half, last + half];
}

function axesOf(current: () => ChartData, palette: Palette): uPlot.Axis[] {
  const look = {
    stroke: palette.soft,
    font: `12px ${palette.font}`,
    ticks: { show: false },
    border: { show: false },
  };
  return [
    { ...look, ...namesOf(current), grid: { show: false }, size: 26, gap: 6 },
    {
      ...look,
      grid: { stroke: palette.line, width: 1 },
      gap: 6,
      space: 34,
      incrs: () => stepsFor(current()),
      values: (_, splits) => splits.map((value) => valueWords(current(), value)),
      size: (at, values) => widest(at, values, palette),
    } as uPlot.Axis,
  ];
}

/** Of people and clicks there are no halves. */
function stepsFor(data: ChartData): number[] {
  return isWhole(data) ? STEPS.filter(Number.isInteger) : STEPS;
}

const STEPS = [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) =>
  [1, 2, 2.5, 5].map((step) => step * 10 ** power),
);

function widest(at: uPlot, values: string[] | null, palette: Palette): number {
  if (!values) return 30;
  at.ctx.save();
  at.ctx.font = `12px ${palette.font}`;
  const width = Math.max(0, ...values.map((words) => at.ctx.measureText(words).width));
  at.ctx.restore();
  return Math.ceil(width) + 12;
}

/** What stands under the points. */
function namesOf(current: () => ChartData): Partial<uPlot.Axis> {
  const { along } = current();
  const names = () => {
    const now = current().along;
    return now.kind === "names" ? now.names : [];
  };
  if (along.kind === "time") return { space: 64, values: (_, splits) => timesOf(splits) };
  if (along.kind === "position") {
    return {
      space: 60,
      incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18_000],
      values: (_, splits) => splits.map(clock),
    };
  }
  return {
    splits: (at) => {
      const room = Math.max(1, Math.floor(at.width / 84));
      const step = Math.ceil(names().length / room);
      return names()
        .map((_, index) => index)
        .filter((index) => index % step === 0);
    },
    values: (at, splits) => {
      const letters = Math.max(4, Math.floor(at.width / Math.max(1, splits.length) / 7.5));
      return splits.map((index) => cut(names()[index] ?? "", letters));
    },
  };
}

/** Hours, and the day where one begins. */
function timesOf(splits: readonly number[]): string[] {
  return splits.map((seconds) => {
    const at = new Date(seconds * 1000);
    const midnight = at.getHours() === 0 && at.getMinutes() === 0;
    return midnight ? at.toLocaleDateString(undefined, { day: "numeric", month: "short" }) : timeOfDay(at);
  });
}

const cut = (name: string, letters: number): string =>
  name.length > letters ? `${name.slice(0, letters - 1).trimEnd()}…` : name;

function seriesOf(data: ChartData, palette: Palette, index: number): uPlot.Series {
  const one = data.series[index];
  const colour = palette.series[index] ?? palette.ink;
  const shared = { label: one?.label ?? "", stroke: colour, width: 2, spanGaps: false };
  if (one?.look === "bar") {
    const bars = data.series.filter(({ look }) => look === "bar");
    const lines = data.series.length > bars.length;
    return {
      ...shared,
      width: lines ? 0 : 1,
      // A line over bars must be seen on them.
      fill: lines
        ? `color-mix(in srgb, ${colour} 35%, transparent)`
        : (at) => fillOf(at.ctx, palette, index, devicePixelRatio) as string,
      paths: barsOf(bars.indexOf(one), bars.length, data.along.kind === "names"),
      points: { show: false },
    };
  }
  return {
    ...shared,
    dash: [...(DASHES[index] ?? [])],
    ...(one?.look === "area" && { fill: `color-mix(in srgb, ${colour} 18%, transparent)` }),
    // A value that stands alone is seen as a point.
    points: { show: (at) => at.data[0].length <= 12, size: 6, fill: colour },
  };
}

/** Bars of several series stand beside each other. */
function barsOf(place: number, of: number, apart: boolean): uPlot.Series.PathBuilder {
  const build = uPlot.paths.bars;
  if (!build) throw new Error("uPlot was built without bars.");
  if (of === 1) return build({ size: [apart ? 0.62 : 0.96, BAR_PX[1], BAR_PX[0]], radius: apart ? 0.12 : 0 });
  const all = 0.7;
  return build({
    radius: 0.12,
    disp: {
      x0: { unit: 1, values: (at, _, from, to) => xs(at, from, to, (x) => x - all / 2 + (all / of) * place) },
      size: { unit: 1, values: (at, _, from, to) => xs(at, from, to, () => (all / of) * 0.92) },
    },
  });
}

const xs = (at: uPlot, from: number, to: number, make: (x: number) => number): number[] =>
  Array.from(at.data[0].slice(from, to + 1), make);
