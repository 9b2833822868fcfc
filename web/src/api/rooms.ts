/** Rooms: where classes are held. */
import { type HttpClient, withQuery } from "./http";

export interface Room {
  room_id: string;
  slug: string;
  name: string;
  /** Somebody is presenting right now. */
  live: boolean;
  recording: boolean;
  /** Whether it is streamed without being recorded. */
  streamed: boolean;
  participant_count: number;
  /** The course of the lesson that it belongs to. */
  course_id: string | null;
  created_at: string;
  /** What the person asking may do here, so that nothing is offered that would be refused. */
  may: RoomRights;
}

export interface RoomRights {
  enter: boolean;
  publish: boolean;
  watch: boolean;
  record: boolean;
  moderate: boolean;
  invite: boolean;
  delete: boolean;
}

interface RoomPage {
  items: Room[];
  next_cursor: string | null;
}

/** A picture that somebody is sent. */
export interface PictureWatched {
  consumer_id: string;
  producer_id: string;
  /** Whose it is. */
  full_name: string;
  source: "microphone" | "camera" | "screen";
  /** `withheld`: the link to them has no room for it. */
  state: "shown" | "paused" | "withheld";
  /** Which of `layers` it is now, from 0. */
  spatial_layer: number | null;
  layers: number;
  width: number | null;
  height: number | null;
}

/** The figures of all connections of somebody together; null where nothing is known. */
export interface PersonConnections {
  participant_id: string;
  full_name: string;
  role: "admin" | "teacher" | "assistant" | "student" | "guest";
  quality: "good" | "fair" | "poor" | "lost";
  reason: "silent" | "loss_sending" | "loss_receiving" | "narrow" | "delay" | null;
  connected: boolean;
  available_bps: number | null;
  /** To them, since their connections began. */
  bytes_sent: number;
  bytes_received: number;
  round_trip_ms: number | null;
  /** Shares. */
  loss_sending: number | null;
  loss_receiving: number | null;
  limited: boolean;
  watches: PictureWatched[];
}

export interface RoomConnections {
  room_id: string;
  slug: string;
  at: string;
  participants: PersonConnections[];
}

export function roomsApi(http: HttpClient) {
  return {
    list: (cursor?: string) => http.json<RoomPage>("GET", withQuery("/api/v1/rooms", { cursor })),
    get: (room: string, signal?: AbortSignal) =>
      http.json<Room>("GET", `/api/v1/rooms/${encodeURIComponent(room)}`, undefined, signal),
    connections: (room: string, signal?: AbortSignal) =>
      http.json<RoomConnections>(
        "GET",
        `/api/v1/rooms/${encodeURIComponent(room)}/connections`,
        undefined,
        signal,
      ),
    create: (room_name: string, slug?: string) =>
      http.json<Room>("POST", "/api/v1/signalling/room/create", {
        room_name,
        ...(slug && { room_id: slug }),
      }),
    invite: (room: string, label: string) =>
      http.json<{ url: string }>("POST", `/api/v1/rooms/${encodeURIComponent(room)}/links`, { label }),
    delete: (room: string) =>
      http.json<unknown>("DELETE", withQuery("/api/v1/signalling/room/delete", { room_id: room })),
  };
}

export type RoomsApi = ReturnType<typeof roomsApi>;

/** An address from a name: "Algebra II, Tuesday" becomes "algebra-ii-tuesday". At most 64 characters. */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 64)
    .replace(/-+$/, "");
}

/** The rule for a room's address (signalling: `[A-Za-z0-9_-]{1,64}`). */
export const isSlug = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text);
