/** From numbers to lines: scales that end at round numbers, and the paths of SVG. */
import { GAP_MS } from "./history";

export interface Point {
  at_ms: number;
  value: number | null;
}

export interface Frame {
  width: number;
  height: number;
  /** At the left and at the right end. */
  from_ms: number;
  to_ms: number;
  /** At the upper end; 0 is at the lower. */
  top: number;
}

/** The smallest of 1, 2, 5, 10, 20… that no value exceeds, and at least `floor`. */
export function topOf(values: readonly (number | null)[], floor: number): number {
  const most = values.reduce<number>((top, one) => Math.max(top, one ?? 0), floor);
  const size = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 5, 10].find((one) => one * size >= most * (1 - 1e-9)) ?? 10;
  return step * size;
}

export const xOf = (frame: Frame, at_ms: number): number =>
  ((at_ms - frame.from_ms) / (frame.to_ms - frame.from_ms)) * frame.width;

export const yOf = (frame: Frame, value: number): number =>
  frame.height - (Math.min(value, frame.top) / frame.top) * frame.height;

const short = (number: number): string => String(Math.round(number * 10) / 10);

/** A path through the points; it is broken where nothing is known. A point that stands alone is drawn as a dot. */
export function linePath(points: readonly Point[], frame: Frame): string {
  let path = "";
  let last_ms: number | null = null;
  let alone = false;
  for (const { at_ms, value } of points) {
    if (value === null || at_ms < frame.from_ms) {
      last_ms = null;
      continue;
    }
    const goesOn: boolean = last_ms !== null && at_ms - last_ms <= GAP_MS;
    if (!goesOn && alone) path += "h0";
    path += `${goesOn ? "L" : "M"}${short(xOf(frame, at_ms))} ${short(yOf(frame, value))}`;
    alone = !goesOn;
    last_ms = at_ms;
  }
  return alone ? `${path}h0` : path;
}

export interface Run {
  from_ms: number;
  to_ms: number;
  share: number;
  withheld: boolean;
}

/** Stretches of time in which a picture was the same, each until the next sample; `last_ms` ends the last. */
export function runsOf(
  samples: readonly { at_ms: number; share: number; withheld: boolean }[],
  last_ms: number,
): Run[] {
  const runs: Run[] = [];
  samples.forEach(({ at_ms, share, withheld }, index) => {
    const next_ms = Math.min(samples[index + 1]?.at_ms ?? last_ms, at_ms + GAP_MS);
    const before = runs.at(-1);
    if (before && before.to_ms === at_ms && before.share === share && before.withheld === withheld)
      before.to_ms = next_ms;
    else runs.push({ from_ms: at_ms, to_ms: next_ms, share, withheld });
  });
  return runs.filter((one) => one.to_ms > one.from_ms && (one.share > 0 || one.withheld));
}
