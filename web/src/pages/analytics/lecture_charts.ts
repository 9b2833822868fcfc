/** How a recording is watched, as charts have it. */
import type { Lecture } from "../../api/analytics";
import type { ChartData } from "../../charts/figures";
import { clock, plural } from "../../format";
import { percent, span } from "./words";

interface Told {
  data: ChartData;
  summary: string;
}

/** How often each part was played, and by how many. */
export function heatOf({ heatmap, most_replayed_section: replayed }: Lecture): Told {
  const data: ChartData = {
    along: { kind: "position", label: "Part from", seconds: heatmap.map(({ start }) => start) },
    series: [
      { label: "Times played", look: "bar", values: heatmap.map(({ views }) => views) },
      { label: "People", look: "line", values: heatmap.map(({ viewers }) => viewers) },
    ],
  };
  const most = heatmap.reduce((top, bin) => (bin.views > top.views ? bin : top), {
    start: 0,
    views: 0,
    viewers: 0,
    remaining: 0,
  });
  const top = `Played most at ${clock(most.start)}: ${plural(most.views, "time", "times")} by ${plural(most.viewers, "person", "people")}.`;
  const again = replayed
    ? ` Played again most: ${span(replayed.start, replayed.end)}, ${plural(replayed.replays, "time", "times")}.`
    : "";
  return { data, summary: most.views > 0 ? top + again : "" };
}

/** How many of those who began came how far. */
export function dropOffOf({ heatmap, duration_seconds }: Lecture): Told {
  const shares = heatmap.map(({ remaining }) => Math.floor(remaining * 1000) / 10);
  const data: ChartData = {
    along: { kind: "position", label: "Up to", seconds: heatmap.map(({ start }) => start) },
    series: [{ label: "Came this far", look: "area", values: shares }],
    unit: "%",
    top: 100,
  };
  const half = heatmap.find(({ remaining }) => remaining < 0.5);
  const last = shares.at(-1) ?? 0;
  const left = half ? `Half have left by ${clock(half.start)}.` : "At least half come to the end.";
  const summary = `${left} ${percent(last)} came to the last part, of ${clock(duration_seconds)} in all.`;
  return { data, summary: shares.some((one) => one > 0) ? summary : "" };
}
