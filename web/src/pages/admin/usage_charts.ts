/** What is drawn of how much a server is used, with what it comes to in a sentence. No page. */
import type { LoadHour, Usage, UsageDay } from "../../api/usage";
import type { ChartData } from "../../charts/figures";
import { bytes, plural } from "../../format";

export interface Told {
  data: ChartData;
  summary: string;
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const named = ({ day }: UsageDay): string => short.format(Date.parse(day));

/** The one with the most, or null where all have nothing. */
function fullest<T>(rows: readonly T[], value: (row: T) => number): T | null {
  const most = rows.reduce<T | null>((best, row) => (best && value(best) >= value(row) ? best : row), null);
  return most !== null && value(most) > 0 ? most : null;
}

const along = (days: readonly UsageDay[]) =>
  ({ kind: "names", label: "Day", names: days.map(named) }) as const;

/** Who was there, and how many at the same time. */
export function peopleOf({ days }: Usage): Told {
  const best = fullest(days, ({ people }) => people);
  return {
    data: {
      along: along(days),
      series: [
        { label: "People", look: "bar", values: days.map(({ people }) => people) },
        { label: "At the same time", look: "line", values: days.map(({ most_at_once }) => most_at_once) },
      ],
    },
    summary: best
      ? `Most on ${named(best)}: ${plural(best.people, "person", "people")}.`
      : "Nobody was here in these days.",
  };
}

/** How much was taught. */
export function classesOf({ days }: Usage): Told {
  const held = sum(days.map(({ classes }) => classes));
  return {
    data: {
      along: along(days),
      series: [{ label: "Classes", look: "bar", values: days.map(({ classes }) => classes) }],
    },
    summary: `${plural(held, "class", "classes")} began in these days.`,
  };
}

/** The largest of `units` that the fullest day has one of, else the least: what there is must be seen. */
function unitOf<T extends { size: number }>(units: readonly [T, ...T[]], values: readonly number[]): T {
  const most = Math.max(0, ...values);
  return units.find(({ size }) => most >= size) ?? units.at(-1) ?? units[0];
}

/** For how long, by everybody. */
export function hoursOf({ days }: Usage): Told {
  const minutes = days.map(({ participant_minutes }) => participant_minutes);
  const { size, label, unit } = unitOf(
    [
      { size: 60, label: "Hours", unit: "h" },
      { size: 1, label: "Minutes", unit: "min" },
    ],
    minutes,
  );
  const all = sum(minutes);
  const hours = Math.round(all / 60);
  const told =
    all < 60
      ? plural(Math.round(all), "minute", "minutes")
      : `${whole.format(hours)} ${hours === 1 ? "hour" : "hours"}`;
  return {
    data: {
      along: along(days),
      series: [{ label, look: "area", values: minutes.map((one) => one / size) }],
      unit,
    },
    summary: `${told} of all who were in classes, added up.`,
  };
}

/** What recordings take: the scale is of numbers of one unit. */
export function recordedOf({ days }: Usage): Told {
  const count = sum(days.map(({ recordings }) => recordings));
  const sizes = days.map(({ recording_bytes }) => recording_bytes);
  const { size, unit } = unitOf(
    [
      { size: 1e9, unit: "GB" },
      { size: 1e6, unit: "MB" },
      { size: 1e3, unit: "kB" },
    ],
    sizes,
  );
  const values = sizes.map((one) => one / size);
  return {
    data: { along: along(days), series: [{ label: "Recorded", look: "bar", values }], unit },
    summary: `${plural(count, "recording", "recordings")} of ${bytes(sum(sizes))} in all.`,
  };
}

/** How busy it was. */
export function loadOf(load: readonly LoadHour[]): Told {
  const most = fullest(load, ({ cpu_most }) => cpu_most);
  return {
    data: {
      along: { kind: "time", label: "Hour", at_ms: load.map(({ hour }) => Date.parse(hour)) },
      series: [
        { label: "Processors, on average", look: "area", values: load.map(({ cpu }) => cpu) },
        { label: "At most", look: "line", values: load.map(({ cpu_most }) => cpu_most) },
        { label: "Load of the machine", look: "line", values: load.map(({ machine_load }) => machine_load) },
      ],
      format: (value) => value.toFixed(2),
      top: 1,
    },
    summary: most
      ? `At most ${most.cpu_most.toFixed(2)} processors, with ${plural(most.participants, "person", "people")} in rooms.`
      : "It was not busy in these days.",
  };
}
