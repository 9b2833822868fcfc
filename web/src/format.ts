/** Numbers and times as people read them, in the browser's language. */

/** Seconds as 0:07, 12:34 or 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Seconds in words: "45 s", "12 min", "1 h 05 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  return minutes < 60
    ? `${minutes} min`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes with a decimal unit: "0 B", "1.4 MB". */
export function bytes(count: number): string {
  let value = Math.max(0, count);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Bits a second: "850 kbit/s", "2.4 Mbit/s". */
export function bitrate(bits_per_s: number): string {
  if (bits_per_s >= 1e6) return `${(bits_per_s / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bits_per_s / 1000)} kbit/s`;
}

/** The time zone by whose clocks times are shown here. */
export const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** A moment, near ones by the day: "Today, 14:05", "Tomorrow, 08:00", "Yesterday, 09:30", "3 Mar 2026, 11:00". */
export function moment(iso: string, now: Date = new Date(), locale?: string): string {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return "";
  const time = timeOfDay(then, locale);
  const days = Math.round((startOfDay(now) - startOfDay(then)) / 86_400_000);
  if (days === 0) return `Today, ${time}`;
  if (days === 1) return `Yesterday, ${time}`;
  if (days === -1) return `Tomorrow, ${time}`;
  return `${day(iso, locale)}, ${time}`;
}

/** A time alone as the language writes it: "14:05", "2:05 PM". */
export const timeOfDay = (at: Date, locale?: string): string =>
  at.toLocaleTimeString(locale, { timeStyle: "short" });

/** A time that a clock on the wall shows, "14:05", as the language writes it: "2:05 PM". */
export const wallTime = (hours_minutes: string, locale?: string): string =>
  new Date(`2000-01-01T${hours_minutes}Z`).toLocaleTimeString(locale, {
    timeStyle: "short",
    timeZone: "UTC",
  });

/** A day alone: "3 Mar 2026". */
export function day(iso: string, locale?: string): string {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return "";
  return then.toLocaleDateString(locale, { day: "numeric", month: "short", year: "numeric" });
}

/** `moment` for the middle of a sentence: "today, 14:05". */
export const momentWithin = (iso: string): string =>
  moment(iso).replace(/^(Today|Tomorrow|Yesterday)/, (word) => word.toLowerCase());

const startOfDay = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/** "1 person", "4 people". */
export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
