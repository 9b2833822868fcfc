/** What is done with a recording, in words, and what somebody can do about it. */
import type { Job } from "../../../api/jobs";
import type { Recording } from "../../../api/recordings";
import { duration, timeOfDay } from "../../../format";

const KINDS: Readonly<Record<Job["kind"], { label: string; begin: string; done: string; off: string }>> = {
  upload: {
    label: "Upload to the object store",
    begin: "Upload it",
    done: "is in the object store now.",
    off: "Not uploaded whole: it plays from this server, and what was sent stays in the object store",
  },
  ladder: {
    label: "Other qualities",
    begin: "Make other qualities",
    done: "has its other qualities now. Open it anew to choose them.",
    off: "Not made: it plays in the quality that it was recorded in",
  },
};

export const isOpen = ({ state }: Job): boolean => state === "queued" || state === "running";

export const labelOf = ({ kind }: Job): string => KINDS[kind].label;

export const doneWords = ({ kind }: Job, title: string): string => `“${title}” ${KINDS[kind].done}`;

/** How far it is. */
export function stateWords(job: Job): string {
  if (job.state === "running") {
    const percent = `${Math.floor(job.progress * 100)} %`;
    return job.eta_seconds === null ? percent : `${percent}, ${leftWords(job.eta_seconds)}`;
  }
  if (job.state === "failed") return "Failed";
  if (job.state === "cancelled") return KINDS[job.kind].off;
  if (job.state === "done") return "Done";
  if (hasFailedOnce(job) && job.next_try_at)
    return `Did not work, is tried again at ${timeOfDay(new Date(job.next_try_at))}`;
  return "Waits for its turn";
}

const leftWords = (seconds: number): string =>
  seconds < 5 ? "a few seconds left" : `${duration(seconds)} left`;

const hasFailedOnce = ({ attempts, last_error }: Job): boolean => attempts > 0 && last_error !== null;

/** Why it did not work; null while it runs, and for what somebody has ended. */
export const reasonOf = (job: Job): string | null =>
  job.state === "failed" || job.state === "queued" ? job.last_error : null;

/** What the button says that has it tried; null for what is at it, or will be before long. */
export function beginWords(job: Job): string | null {
  if (job.state === "cancelled") return KINDS[job.kind].begin;
  if (job.state === "failed") return "Try again";
  return job.state === "queued" && hasFailedOnce(job) ? "Try now" : null;
}

/** Whether something may be done with it that the person may know of. */
export const hasJobs = ({ may, status }: Pick<Recording, "may" | "status">): boolean =>
  may.update && (status === "ready" || status === "interrupted");

const JUST_NOW_MS = 60_000;

/** Whether it has ended so lately that a job of it may be on its way. */
export const endedJustNow = ({ stopped_at }: Pick<Recording, "stopped_at">, now_ms: number): boolean =>
  stopped_at !== null && now_ms - new Date(stopped_at).getTime() < JUST_NOW_MS;

/** Those that were open and are not there any more: what is done is told of no longer. */
export function finishedSince(before: readonly Job[], now: readonly Job[]): Job[] {
  const left = new Set(now.map(({ id }) => id));
  return before.filter((job) => isOpen(job) && !left.has(job.id));
}
