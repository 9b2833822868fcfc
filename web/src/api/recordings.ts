/** Recordings: starting, stopping, finding, changing, fetching. */
import { type HttpClient, withQuery } from "./http";

export type RecordingStatus = "recording" | "finalizing" | "ready" | "interrupted" | "failed" | "deleted";

export interface Recording {
  recording_id: string;
  room_id: string;
  room_name?: string | null;
  room_slug?: string | null;
  title: string;
  description?: string | null;
  status: RecordingStatus;
  started_at: string;
  stopped_at?: string | null;
  duration_seconds?: number | null;
  size_bytes?: number | null;
  /** Why it failed or was interrupted, as a sentence. */
  reason?: string | null;
  /** Where the HLS playlist is. */
  playback_url?: string | null;
}

export interface RecordingFilter {
  q?: string | undefined;
  status?: RecordingStatus | undefined;
  roomId?: string | undefined;
  limit?: number;
  offset?: number;
}

export interface RecordingPage {
  recordings: Recording[];
  total: number;
}

const ROOT = "/api/v1/recordings";
const one = (id: string) => `${ROOT}/${encodeURIComponent(id)}`;

export function recordingsApi(http: HttpClient) {
  return {
    list: (filter: RecordingFilter = {}, signal?: AbortSignal) =>
      http.json<RecordingPage>("GET", withQuery(ROOT, { ...filter }), undefined, signal),
    get: (id: string, signal?: AbortSignal) => http.json<Recording>("GET", one(id), undefined, signal),
    start: (room_id: string, title: string) =>
      http.json<Pick<Recording, "recording_id" | "status" | "started_at" | "room_id">>(
        "POST",
        `${ROOT}/start`,
        {
          room_id,
          title,
        },
      ),
    stop: (id: string) =>
      http.json<Pick<Recording, "recording_id" | "status"> & { duration_seconds: number }>(
        "POST",
        `${one(id)}/stop`,
        {},
      ),
    update: (id: string, changes: Partial<Pick<Recording, "title" | "description">>) =>
      http.json<Recording>("PATCH", one(id), changes),
    delete: (id: string) => http.json<unknown>("DELETE", one(id)),
    /** The address of the MP4, signed so that a plain link can fetch it. */
    async downloadUrl(id: string): Promise<string> {
      return (await http.json<{ url: string }>("GET", `${one(id)}/download-url`)).url;
    },
  };
}

export type RecordingsApi = ReturnType<typeof recordingsApi>;
