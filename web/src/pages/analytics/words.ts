/** How figures are said. */
import type { Alert, Attended, Sheet, StudentEngagement } from "../../api/analytics";
import type { BadgeTone } from "../../design/Badge";
import { clock, duration, momentWithin, plural } from "../../format";

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

export const percent = (value: number | null): string => (value === null ? "–" : `${number.format(value)} %`);

export const count = (value: number | null): string => (value === null ? "–" : number.format(value));
/** The same with what is counted. */
export const counted = (value: number | null, one: string, many: string): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** How often somebody took part in which way. */
export const didWords = ({
  messages,
  hands,
  reactions,
  poll_answers,
}: Pick<StudentEngagement, "messages" | "hands" | "reactions" | "poll_answers">): string =>
  [
    counted(messages, "chat message", "chat messages"),
    counted(hands, "hand", "hands"),
    counted(reactions, "reaction", "reactions"),
    counted(poll_answers, "vote", "votes"),
  ].join(", ");

export const time = (seconds: number | null): string => (seconds === null ? "–" : duration(seconds));

export const STATUSES: Readonly<Record<Attended, { label: string; tone: BadgeTone }>> = {
  present: { label: "Present", tone: "accent" },
  late: { label: "Late", tone: "warn" },
  partial: { label: "Partial", tone: "warn" },
  excused: { label: "Excused", tone: "neutral" },
  absent: { label: "Absent", tone: "live" },
};

export const TRENDS: Readonly<Record<StudentEngagement["trend_last_week"], string>> = {
  increasing: "more",
  decreasing: "less",
  stable: "as before",
};

export const SEVERITIES: Readonly<Record<Alert["severity"], { label: string; tone: BadgeTone }>> = {
  critical: { label: "Critical", tone: "live" },
  high: { label: "High", tone: "live" },
  medium: { label: "Medium", tone: "warn" },
  low: { label: "Low", tone: "neutral" },
};

/** When and for how long a class was held, and for whom it counts. */
export function heldWords({
  held_from,
  held_s,
  breaks,
  goes_on,
  counts,
  people,
  totals,
}: Pick<Sheet, "held_from" | "held_s" | "breaks" | "goes_on" | "counts" | "people" | "totals">): string {
  if (!held_from) return "Nobody has held it: it counts for nobody.";
  const without = breaks ? `, without ${breaks > 1 ? `its ${breaks} breaks` : "its break"}` : "";
  const span = `${momentWithin(held_from)}, for ${time(held_s)}${without}`;
  const held = goes_on ? `Goes on since ${span} so far` : `Held ${span}`;
  const yet = goes_on ? " so far" : "";
  if (!people.some(({ status }) => status) && !(totals && counts))
    return `${held}: it counts for no student${yet}.`;
  if (!counts) return `${held}: it counts for no student but those of whom its teacher says so.`;
  const sentence = goes_on ? `${held}: it counts once it is over.` : `${held}.`;
  if (totals) return sentence;
  const there = people.filter(({ present_s }) => present_s > 0).length;
  return `${sentence} ${plural(there, "student", "students")} of ${people.length} ${there === 1 ? "was" : "were"} there.`;
}

/** Where a class stood in a student's eyes: the one status that is counted. */
export const ownStatus = (row: Record<Attended, number>): Attended | null =>
  (Object.keys(STATUSES) as Attended[]).find((status) => row[status] > 0) ?? null;

/** "12:30 to 15:00". */
export const span = (start_s: number, end_s: number): string => `${clock(start_s)} to ${clock(end_s)}`;
