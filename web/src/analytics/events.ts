/** What pages say of what happens in them (decision 113). */
import type { HttpClient } from "../api/http";
import { readProblem } from "../api/problem";
import type { PlayedSegment } from "../api/recordings";

export type EventType =
  | "started"
  | "paused"
  | "resumed"
  | "seeked"
  | "quality_changed"
  | "buffering"
  | "completed"
  | "stopped"
  | "progress"
  | "viewed";

export interface SaidEvent {
  event_type: EventType;
  timestamp: string;
  recording_id?: string;
  course_id?: string;
  /** Seconds. */
  position?: number;
  segments?: PlayedSegment[];
  metadata?: Record<string, string | number>;
}

/** With the number of the batch that it belongs to. */
export type NumberedEvent = SaidEvent & { seq: number };

export interface Batch {
  session_id: string;
  /** Whose page it is: tokens change while pages stay. */
  user_id: string;
  seq: number;
  events: NumberedEvent[];
}

/** In some events something does not fit, by their places in the batch: it was not taken, and is without them. */
export interface Misfits {
  misfits: readonly number[];
}

/**
 * `later`: nothing is known of whether it was taken, or it is to come later. `not_theirs`: whose it is has gone, and
 * perhaps somebody else has come; it waits until they are back.
 */
export type Answer = "taken" | "refused" | "later" | "not_theirs" | Misfits;

/** Sends a batch. `leaving`: the page may be gone before there is an answer. */
export type SendBatch = (batch: Batch, leaving: boolean) => Promise<Answer>;

const LATER = new Set([401, 408, 425, 429]);

export const batchSender =
  (http: HttpClient): SendBatch =>
  async (batch, leaving) => {
    const theirs = () => http.account === batch.user_id;
    if (!theirs()) return "not_theirs";
    try {
      const response = await http.send("/api/v1/analytics/events", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(batch),
        keepalive: leaving,
      });
      if (response.ok) return "taken";
      const { code, pointers } = await readProblem(response);
      if (code === "other_account") return "not_theirs";
      const misfits = response.status === 422 ? placesOf(pointers) : [];
      if (misfits.length > 0) return { misfits };
      if (response.status < 500 && !LATER.has(response.status)) return "refused";
      return theirs() ? "later" : "not_theirs";
    } catch {
      return "later";
    }
  };

/** Of the events that something is wrong with: "/events/3/position". */
function placesOf(pointers: readonly string[]): number[] {
  const found = pointers.map((pointer) => /^\/events\/(\d+)(?:\/|$)/.exec(pointer)?.[1]);
  return [...new Set(found.flatMap((place) => (place ? Number(place) : [])))];
}
