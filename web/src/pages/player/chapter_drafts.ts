/** Chapters while they are edited: rows of text, each of which keeps its exact time until that is typed anew. */
import { clock } from "../../format";
import { parseClock } from "./deep_link";

export interface Draft {
  key: number;
  time: string;
  title: string;
  /** What `time` was written from, in seconds: many chapters may begin in one second. */
  exact_s: number;
}

export interface Wanted {
  start_seconds: number;
  title: string;
}

let drafts = 0;

/** A row of its own for a chapter that begins there. */
export function draftOf(start_seconds: number, title: string): Draft {
  drafts += 1;
  return { key: drafts, time: clock(start_seconds), title, exact_s: start_seconds };
}

const secondsOf = (draft: Draft): number | null =>
  draft.time === clock(draft.exact_s) ? draft.exact_s : parseClock(draft.time);

/** The chapters in order, as they are saved; or a sentence that says what is wrong with them. */
export function chaptersOf(rows: readonly Draft[]): Wanted[] | string {
  const chapters: Wanted[] = [];
  for (const row of rows) {
    const start_seconds = secondsOf(row);
    if (start_seconds === null) return `“${row.time}” is no time: write it as 12:34.`;
    chapters.push({ start_seconds, title: row.title.trim() });
  }
  if (chapters.some((one) => !one.title)) return "Give each chapter a title.";
  chapters.sort((one, other) => one.start_seconds - other.start_seconds);
  const twice = chapters.find((one, at) => one.start_seconds === chapters[at - 1]?.start_seconds);
  return twice ? `Two chapters begin at ${clock(twice.start_seconds)}: give each its own time.` : chapters;
}
