/** Recordings: starting, stopping, finding, changing, fetching. */
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export type RecordingStatus = "recording" | "finalizing" | "ready" | "interrupted" | "failed" | "deleted";

export interface Recording {
  recording_id: string;
  room_id: string;
  room_name: string;
  title: string;
  description: string;
  /** The account that started it; null for guests of an open-rooms server. */
  started_by: string | null;
  status: RecordingStatus;
  started_at: string;
  stopped_at: string | null;
  duration_seconds: number;
  file_size_bytes: number;
  /** Width and height such as "1280x720"; null while unknown or without a picture. */
  resolution: string | null;
  /** Why it failed or was cut short, as a sentence. */
  error_message: string | null;
  /** What of the room could not be recorded, as a sentence. */
  message: string | null;
  /** The HLS playlist; null when there is nothing to play. Reading a recording sets the cookie that opens it. */
  playback_url: string | null;
  /** The MP4, opened by the same cookie; null when this person may not have it or it is not finished. */
  download_url: string | null;
  /** Several when the picture's codec changes, which one MP4 cannot hold. */
  download_urls: string[];
}

export interface RecordingStarted {
  recording_id: string;
  started_at: string;
  message: string | null;
}

export interface RecordingStopped {
  recording_id: string;
  status: RecordingStatus;
  duration_seconds: number;
  message: string | null;
}

export interface RecordingFilter {
  q?: string | undefined;
  status?: RecordingStatus | undefined;
  roomId?: string | undefined;
  limit?: number;
  cursor?: string | undefined;
}

export interface RecordingPage extends Page<Recording> {
  /** How many there are on all pages. */
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
      http.json<RecordingStarted>("POST", `${ROOT}/start`, { room_id, title }),
    stop: (id: string) => http.json<RecordingStopped>("POST", `${one(id)}/stop`, {}),
    update: (id: string, changes: Partial<Pick<Recording, "title" | "description">>) =>
      http.json<Recording>("PATCH", one(id), changes),
    delete: (id: string) => http.json<unknown>("DELETE", one(id)),
  };
}

export type RecordingsApi = ReturnType<typeof recordingsApi>;
