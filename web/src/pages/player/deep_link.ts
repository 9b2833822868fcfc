/** Links into a recording: `?t=90`, `?t=1m30s`, `?t=1:30`; `?view=p1` with a track as the large picture, `?hear=p2`. */
import { linkOrigin } from "../../session/origin";

/** What an address says of tracks, by their names; null for the program's. */
export interface View {
  large: string | null;
  alone: string | null;
}

export function readView(search: string): View {
  const query = new URLSearchParams(search);
  return { large: query.get("view"), alone: query.get("hear") };
}

/** Puts it into this page's address, where it stays when it is loaded anew. */
export function writeView(view: View): void {
  const url = withView(new URL(window.location.href), view);
  window.history.replaceState(window.history.state, "", url);
}

function withView(url: URL, { large, alone }: View): URL {
  for (const [name, value] of [
    ["view", large],
    ["hear", alone],
  ] as const) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url;
}

/** The seconds that an address names; null when it names none. */
export function timeIn(search: string): number | null {
  const text = new URLSearchParams(search).get("t")?.trim().toLowerCase() ?? "";
  if (/^\d+(\.\d+)?s?$/.test(text)) return Number.parseFloat(text);
  const clock =
    /^(?:(\d+):)?([0-5]?\d):([0-5]\d)$/.exec(text) ?? /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (!clock || !text) return null;
  const [hours = 0, minutes = 0, seconds = 0] = clock.slice(1).map((part) => Number(part ?? 0));
  return hours * 3600 + minutes * 60 + seconds;
}

/** The address of this page, with the pictures as they are, at a time; without one when it is the beginning. */
export function linkAt(seconds: number): string {
  const { pathname, search } = window.location;
  const url = withView(new URL(pathname, linkOrigin()), readView(search));
  if (seconds >= 1) url.searchParams.set("t", String(Math.floor(seconds)));
  return url.href;
}

/** Seconds from what somebody types: "1:02:03", "12:34", "90"; null when it is no time. */
export function parseClock(text: string): number | null {
  const parts = text.trim().split(":");
  if (parts.length > 3 || !parts.every((part) => /^\d+(\.\d+)?$/.test(part))) return null;
  return parts.reduce((seconds, part) => seconds * 60 + Number(part), 0);
}
