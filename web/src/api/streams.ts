/** The live stream of a room's class, for any number of viewers. */
import type { HttpClient } from "./http";

export interface LiveStream {
  stream_id: string;
  /** Null where it is streamed without being recorded. */
  recording_id: string | null;
  status: "live" | "ended";
  /** Somebody has started it; else it is there for who follows it. */
  wanted: boolean;
  /** 0: any number. */
  max_viewers: number;
  active_viewers: number;
  peak_viewers: number;
  total_bytes_served: number;
  /** What is sent, and how many watch it now. */
  qualities: { track: string; quality: string; viewers: number; bytes: number }[];
}

const ROOT = "/api/v1/streams";

export function streamsApi(http: HttpClient) {
  return {
    /** The one that goes on, if any. */
    ofRoom: (room: string, signal?: AbortSignal) =>
      http.json<{ stream: LiveStream | null }>(
        "GET",
        `/api/v1/rooms/${encodeURIComponent(room)}/stream`,
        undefined,
        signal,
      ),
    /** `message` says what of the room cannot be streamed, if anything. */
    start: (room_id: string, max_viewers: number) =>
      http.json<{ stream_id: string; message: string }>("POST", `${ROOT}/start`, { room_id, max_viewers }),
    limit: (id: string, max_viewers: number) =>
      http.json<LiveStream>("PATCH", `${ROOT}/${id}`, { max_viewers }),
    stop: (id: string) => http.json<LiveStream>("POST", `${ROOT}/${id}/stop`, {}),
  };
}

export type StreamsApi = ReturnType<typeof streamsApi>;
