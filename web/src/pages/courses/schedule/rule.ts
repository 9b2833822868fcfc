/** Rules of recurrence (RFC 5545, 3.3.10) as a form has them, and in words. */

export const DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;
export type Day = (typeof DAYS)[number];

export type Frequency = "DAILY" | "WEEKLY" | "MONTHLY";

/** What the form can say. A rule that says more is kept as its text. */
export interface SimpleRule {
  frequency: Frequency;
  interval: number;
  /** Of a weekly rule; empty: that of the first class. */
  days: Day[];
  /** How often, or the last day ("2027-02-10"); null of both: without end, as far as the server goes. */
  count: number | null;
  until: string | null;
}

const FREQUENCIES: readonly Frequency[] = ["DAILY", "WEEKLY", "MONTHLY"];
const isDay = (word: string): word is Day => (DAYS as readonly string[]).includes(word);

/** The rule as the form has it; null for one that it cannot say. */
export function parseRule(text: string): SimpleRule | null {
  const parts = new Map(
    text
      .trim()
      .toUpperCase()
      .replace(/^RRULE:/, "")
      .split(";")
      .map((part) => part.split("=", 2) as [string, string]),
  );
  const known = ["FREQ", "INTERVAL", "BYDAY", "COUNT", "UNTIL", "WKST"];
  if ([...parts.keys()].some((name) => !known.includes(name))) return null;
  const frequency = FREQUENCIES.find((one) => one === parts.get("FREQ"));
  const days = (parts.get("BYDAY") ?? "").split(",").filter(Boolean);
  if (!frequency || !days.every(isDay) || (days.length > 0 && frequency !== "WEEKLY")) return null;
  if ((parts.get("WKST") ?? "MO") !== "MO") return null;
  const until = /^(\d{4})(\d{2})(\d{2})(T235959)?$/.exec(parts.get("UNTIL") ?? "");
  if (parts.has("UNTIL") && !until) return null;
  return {
    frequency,
    interval: Number(parts.get("INTERVAL") ?? 1),
    days: DAYS.filter((day) => days.includes(day)),
    count: parts.has("COUNT") ? Number(parts.get("COUNT")) : null,
    until: until ? `${until[1]}-${until[2]}-${until[3]}` : null,
  };
}

export function writeRule({ frequency, interval, days, count, until }: SimpleRule): string {
  return [
    `FREQ=${frequency}`,
    interval > 1 && `INTERVAL=${interval}`,
    frequency === "WEEKLY" &&
      days.length > 0 &&
      `BYDAY=${DAYS.filter((day) => days.includes(day)).join(",")}`,
    count !== null && `COUNT=${count}`,
    count === null && until !== null && `UNTIL=${until.replaceAll("-", "")}`,
  ]
    .filter(Boolean)
    .join(";");
}

export const DAY_NAMES: Readonly<Record<Day, string>> = {
  MO: "Monday",
  TU: "Tuesday",
  WE: "Wednesday",
  TH: "Thursday",
  FR: "Friday",
  SA: "Saturday",
  SU: "Sunday",
};

/** The day of the week of "2026-10-05T08:00", whatever zone it is in. */
export function dayOf(local: string): Day | null {
  const day = new Date(`${local.slice(0, 10)}T00:00:00Z`).getUTCDay();
  return Number.isNaN(day) ? null : (DAYS[(day + 6) % 7] ?? null);
}

const EVERY: Readonly<Record<Frequency, [one: string, many: string]>> = {
  DAILY: ["every day", "days"],
  WEEKLY: ["every week", "weeks"],
  MONTHLY: ["every month", "months"],
};

/** "Every week on Monday and Wednesday, 20 times" */
export function ruleWords(text: string, first_start: string): string {
  const rule = parseRule(text);
  if (!rule) return text;
  const [one, many] = EVERY[rule.frequency];
  const first = dayOf(first_start);
  const days = rule.days.length > 0 ? rule.days : first ? [first] : [];
  const names = days.map((day) => DAY_NAMES[day]);
  const on =
    rule.frequency === "WEEKLY" && names.length > 0
      ? ` on ${[names.slice(0, -1).join(", "), names.at(-1)].filter(Boolean).join(" and ")}`
      : "";
  const end =
    rule.count !== null
      ? `, ${rule.count === 1 ? "once" : `${rule.count} times`}`
      : rule.until !== null
        ? `, until ${dayWords(rule.until)}`
        : "";
  const words = `${rule.interval > 1 ? `every ${rule.interval} ${many}` : one}${on}${end}`;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function dayWords(date: string): string {
  return new Date(`${date}T00:00:00Z`).toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
}
