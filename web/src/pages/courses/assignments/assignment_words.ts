/** Assignments and what is handed in, in words. */
import type { Assignment, Entry, WorkStatus } from "../../../api/assignments";
import type { BadgeTone } from "../../../design/Badge";
import { moment, momentWithin, plural } from "../../../format";

export const WORK_STATUSES: Readonly<Record<WorkStatus, { label: string; tone: BadgeTone }>> = {
  on_time: { label: "Handed in", tone: "accent" },
  late: { label: "Handed in late", tone: "warn" },
  missing: { label: "Missing", tone: "live" },
  floating: { label: "Not handed in yet", tone: "neutral" },
};

/** When it is due, by the clock of who looks, which is named. */
export function dueOf({ due_at }: Pick<Assignment, "due_at">, locale?: string): string {
  if (due_at === null) return "No due date";
  const parts = new Intl.DateTimeFormat(locale, { timeZoneName: "short" }).formatToParts(new Date(due_at));
  const zone = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return `Due ${momentWithin(due_at)} ${zone}`.trim();
}

/** What becomes of what comes later; empty where nothing is ever late. */
export function lateOf({
  due_at,
  late_policy,
  late_until,
  late_percent,
}: Pick<Assignment, "due_at" | "late_policy" | "late_until" | "late_percent">): string {
  if (due_at === null) return "";
  if (late_policy === "refuse") return "Late work is not accepted.";
  const until = late_until === null ? "" : ` until ${momentWithin(late_until)}`;
  if (late_policy === "accept") return `Late work is accepted${until}.`;
  return `Late work is accepted${until}, with ${late_percent} % taken off for each day begun.`;
}

/** "8.5 of 10 points", with what was taken off for being late. */
export function pointsOf({
  points,
  out_of,
  percent_off,
  final_points,
}: Pick<Entry, "points" | "out_of" | "percent_off" | "final_points">): string {
  if (points === null) return "Not graded yet";
  const reached = `${final_points ?? points} of ${plural(out_of, "point", "points")}`;
  return percent_off > 0 ? `${reached} (${points}, less ${percent_off} % for being late)` : reached;
}

export const isOpen = ({ closes_at, due_at }: Assignment, now_ms: number): boolean =>
  due_at === null || closes_at === null || now_ms <= Math.max(Date.parse(due_at), Date.parse(closes_at));

export const handedIn = (at: string | null): string => (at === null ? "" : moment(at));
