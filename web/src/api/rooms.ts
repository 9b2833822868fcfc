/** Rooms: where classes are held. */
import { type HttpClient, withQuery } from "./http";

export interface Room {
  room_id: string;
  slug: string;
  name: string;
  /** Somebody is presenting right now. */
  live: boolean;
  recording: boolean;
  participant_count: number;
  created_at: string;
  /** What the person asking may do here, so that nothing is offered that would be refused. */
  may: RoomRights;
}

export interface RoomRights {
  enter: boolean;
  publish: boolean;
  watch: boolean;
  record: boolean;
  delete: boolean;
}

interface RoomPage {
  items: Room[];
  next_cursor: string | null;
}

export function roomsApi(http: HttpClient) {
  return {
    list: (cursor?: string) => http.json<RoomPage>("GET", withQuery("/api/v1/rooms", { cursor })),
    get: (room: string, signal?: AbortSignal) =>
      http.json<Room>("GET", `/api/v1/rooms/${encodeURIComponent(room)}`, undefined, signal),
    create: (room_name: string, slug?: string) =>
      http.json<Room>("POST", "/api/v1/signalling/room/create", {
        room_name,
        ...(slug && { room_id: slug }),
      }),
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
