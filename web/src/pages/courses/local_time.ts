/** Moments as `<input type="datetime-local">` has them: by the clock of who looks, without a zone. */

const two = (number: number): string => String(number).padStart(2, "0");

/** "2026-10-05T08:00"; empty for none. */
export function toLocal(iso: string | null): string {
  const then = iso === null ? null : new Date(iso);
  if (then === null || Number.isNaN(then.getTime())) return "";
  const date = [String(then.getFullYear()).padStart(4, "0"), two(then.getMonth() + 1), two(then.getDate())];
  return `${date.join("-")}T${two(then.getHours())}:${two(then.getMinutes())}`;
}

/**
 * As the server takes it; null for an empty field. A field that shows `was` as it is stays that very moment, with the
 * seconds that fields do not show, and of an hour that a clock has twice the one that it was.
 */
export function fromLocal(text: string, was: string | null): string | null {
  if (text === "") return null;
  if (text === toLocal(was)) return was;
  const then = new Date(text);
  return Number.isNaN(then.getTime()) ? null : then.toISOString();
}

/** Later by so many minutes, as the field has it. */
export function later(text: string, minutes: number): string {
  const then = new Date(text);
  if (Number.isNaN(then.getTime())) return "";
  return toLocal(new Date(then.getTime() + minutes * 60_000).toISOString());
}
