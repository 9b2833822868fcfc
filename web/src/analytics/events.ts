/** What pages say of what happens in them (decision 113). */
import type { HttpClient } from "../api/http";
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
  seq: number;
  events: NumberedEvent[];
}

/** `later`: nothing is known of whether it was taken, or it is to come later. */
export type Answer = "taken" | "refused" | "later";

/** Sends a batch. `leaving`: the page may be gone before there is an answer. */
export type SendBatch = (batch: Batch, leaving: boolean) => Promise<Answer>;

const LATER = new Set([401, 408, 425, 429]);

export const batchSender =
  (http: HttpClient): SendBatch =>
  async (batch, leaving) => {
    try {
      const response = await http.send("/api/v1/analytics/events", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(batch),
        keepalive: leaving,
      });
      if (response.ok) return "taken";
      return response.status >= 500 || LATER.has(response.status) ? "later" : "refused";
    } catch {
      return "later";
    }
  };
