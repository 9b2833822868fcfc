import type { RecordingStatus, Visibility } from "../../api/recordings";
import type { BadgeTone } from "../../design/Badge";

/** What each status is called, and how it looks. "ready" is the normal case and shows nothing. */
export const STATUSES: Readonly<Record<RecordingStatus, { label: string; tone: BadgeTone }>> = {
  recording: { label: "Recording now", tone: "live" },
  finalizing: { label: "Finishing", tone: "accent" },
  ready: { label: "Ready", tone: "neutral" },
  interrupted: { label: "Cut short", tone: "warn" },
  failed: { label: "Failed", tone: "warn" },
  deleted: { label: "In the trash", tone: "neutral" },
};

/** For whom it is, where that is not everybody with an account. */
export const VISIBILITIES: Readonly<Record<Visibility, string>> = {
  staff: "Not published",
  members: "For accounts",
  public: "Public",
};

/** Whether there is something to play. */
export const isPlayable = (status: RecordingStatus): boolean => !["failed", "deleted"].includes(status);
