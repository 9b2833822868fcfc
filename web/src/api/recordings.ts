/** Recordings: starting, stopping, finding, changing, fetching. */
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export type RecordingStatus = "recording" | "finalizing" | "ready" | "interrupted" | "failed" | "deleted";

/** Who sees it: staff alone (not published), everybody with an account, anybody. */
export type Visibility = "staff" | "members" | "public";

/** What the person asking may do, so that nothing is offered that would be refused. */
export interface RecordingRights {
  download: boolean;
  update: boolean;
  annotate: boolean;
  share: boolean;
  delete: boolean;
}

export interface MyProgress {
  /** Of what was played at least once, 0 to 1. */
  progress: number;
  /** Seconds. */
  resume_position: number;
  completed: boolean;
}

/** A stretch played without a jump, in seconds. */
export interface PlayedSegment {
  start: number;
  end: number;
  rate: number;
}

export interface Chapter {
  start_seconds: number;
  end_seconds: number;
  title: string;
}

export interface Chapters {
  /** Set by staff; else made from what happened. */
  own: boolean;
  chapters: Chapter[];
}

export interface Captions {
  language: string;
  label: string;
  cues: number;
  typed: boolean;
  /** WebVTT, opened by the recording's cookie. */
  url: string;
  updated_at: string;
}

/** Whose track it is, and what of theirs. */
export interface TrackPerson {
  participant_id: string;
  /** Null for who had no account. */
  user_id: string | null;
  name: string;
  source: "microphone" | "camera" | "screen";
}

export interface RecordedTrack {
  track: string;
  /** Null for the program's. */
  person: TrackPerson | null;
  start_seconds: number;
  duration_seconds: number;
  /** When there is something in it: all but its gaps. */
  present: { start_seconds: number; end_seconds: number }[];
  /** 0 for sound. */
  width: number;
  height: number;
}

export interface RecordingInfo {
  tracks: RecordedTrack[];
}

export type AccessAction = "opened" | "downloaded" | "shared";

/** Somebody did something with a recording; without account and link it was the public. */
export interface AccessEntry {
  id: string;
  at: string;
  action: AccessAction;
  user_id: string | null;
  user_name: string | null;
  link_id: string | null;
  link_title: string | null;
  ip_address: string | null;
  user_agent: string | null;
}

/** What is empty filters nothing; times are RFC 3339. */
export interface AccessFilter {
  action: AccessAction | "";
  /** Words in the name of the account or the title of the link. */
  q: string;
  since: string;
  until: string;
}

export interface Share {
  id: string;
  title: string;
  download: boolean;
  status: "good" | "revoked" | "expired";
  created_at: string;
  expires_at: string;
}

export interface NewShare extends Share {
  url: string;
}

export interface Recording {
  recording_id: string;
  room_id: string;
  room_name: string;
  title: string;
  description: string;
  /** The account that started it; null for guests of an open-rooms server. */
  started_by: string | null;
  status: RecordingStatus;
  /** With `tracks` or `both` what each participant sent is there, too, once it has ended. */
  layout: "program" | "tracks" | "both";
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
  visibility: Visibility;
  /** In the trash since then. */
  deleted_at: string | null;
  /** Does not go into the trash by itself. */
  kept: boolean;
  /** When it goes into the trash by itself, or from the trash for good; null is never, as far as is known. */
  expires_at: string | null;
  /** In the trash, and on its way out of it: it cannot be restored any more. */
  being_deleted: boolean;
  may: RecordingRights;
}

/** What of the trash is the person's: what they started, and all of it for administrators. */
export interface TrashContents {
  count: number;
  used_bytes: number;
  /** After so many days there something is deleted for good; 0 is never. */
  keep_days: number;
  /** How many of them are on their way out of it. */
  being_deleted: number;
}

export interface ListedRecording extends Recording {
  /** Null when the person has not begun. */
  progress: MyProgress | null;
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

/** What recordings take, wherever they lie and the trash included, and what they may: null is any number. */
export interface Usage {
  used_bytes: number;
  allowed_bytes: number | null;
}

export interface RoomUsage extends Usage {
  room_id: string;
  room_name: string;
  /** What was set for this room (0: any number); null: it has what every room has. */
  own_bytes: number | null;
}

export interface RecordingUsage {
  /** Of all rooms of the person; null for who may own none. */
  owner: Usage | null;
  /** Of their rooms that have a quota, the fullest first. */
  rooms: RoomUsage[];
  /** What the room belongs to besides; of one room alone. */
  others: OtherUsage[];
  /** A sentence while one will be used up before long. */
  warning: string | null;
}

/** Of a course: `whose` in words. */
export interface OtherUsage extends Usage {
  whose: string;
}

/** How long the recordings of a room or a course are kept. */
export interface Term {
  /** What was set there (0: for ever); null: nothing. */
  own_days: number | null;
  /** What holds; null: for ever. */
  days: number | null;
}

export interface RecordingFilter {
  q?: string | undefined;
  status?: RecordingStatus | undefined;
  roomId?: string | undefined;
  limit?: number;
  cursor?: string | undefined;
}

export interface RecordingPage extends Page<ListedRecording> {
  /** How many there are on all pages. */
  total: number;
}

const ROOT = "/api/v1/recordings";
const termOf = (room: string) => `/api/v1/rooms/${encodeURIComponent(room)}/recording-retention`;
const one = (id: string) => `${ROOT}/${encodeURIComponent(id)}`;

export function recordingsApi(http: HttpClient) {
  return {
    list: (filter: RecordingFilter = {}, signal?: AbortSignal) =>
      http.json<RecordingPage>("GET", withQuery(ROOT, { ...filter }), undefined, signal),
    usage: (signal?: AbortSignal) => http.json<RecordingUsage>("GET", `${ROOT}/usage`, undefined, signal),
    /** Of one room, whether it has a quota or not. */
    usageOf: (room: string, signal?: AbortSignal) =>
      http.json<RecordingUsage>("GET", withQuery(`${ROOT}/usage`, { room_id: room }), undefined, signal),
    /** What the recordings of a room may take: 0 any number, null what the server gives every room. */
    setQuota: (room: string, bytes: number | null) =>
      http.json<RecordingUsage>("PUT", `/api/v1/rooms/${encodeURIComponent(room)}/recording-quota`, {
        bytes,
      }),
    term: (room: string, signal?: AbortSignal) => http.json<Term>("GET", termOf(room), undefined, signal),
    /** 0: for ever, null: as long as the server keeps all. */
    setTerm: (room: string, days: number | null) => http.json<Term>("PUT", termOf(room), { days }),
    get: (id: string, signal?: AbortSignal) => http.json<Recording>("GET", one(id), undefined, signal),
    start: (room_id: string, title: string, layout: Recording["layout"]) =>
      http.json<RecordingStarted>("POST", `${ROOT}/start`, { room_id, title, layout }),
    stop: (id: string) => http.json<RecordingStopped>("POST", `${one(id)}/stop`, {}),
    update: (
      id: string,
      changes: Partial<Pick<Recording, "title" | "description" | "visibility" | "kept">>,
    ) => http.json<Recording>("PATCH", one(id), changes),
    /** Into the trash. */
    delete: (id: string) => http.json<unknown>("DELETE", one(id)),
    /** Now, or later by the server that recorded it: `message` says which. */
    deleteForGood: (id: string) => http.json<{ message: string }>("DELETE", `${one(id)}?permanent=true`),
    /** From the trash, as it was. */
    restore: (id: string) => http.json<Recording>("POST", `${one(id)}/restore`, {}),
    trash: (signal?: AbortSignal) => http.json<TrashContents>("GET", `${ROOT}/trash`, undefined, signal),
    emptyTrash: () => http.json<{ message: string }>("DELETE", `${ROOT}/trash`),
    info: (id: string, signal?: AbortSignal) =>
      http.json<RecordingInfo>("GET", `${one(id)}/info`, undefined, signal),
    /** Of a stretch, in seconds, or up to the end; good for six hours, without signing in. */
    downloadLink: (id: string, from: number, to: number | null) =>
      http.json<{ url: string; expires_at: string }>(
        "GET",
        withQuery(`${one(id)}/download-url`, { from, to: to ?? undefined }),
      ),
    /** A track's HLS playlist, opened by the recording's cookie. */
    trackUrl: (id: string, track: string) => `${one(id)}/stream/${encodeURIComponent(track)}/playlist.m3u8`,
    progress: (id: string, signal?: AbortSignal) =>
      http.json<MyProgress>("GET", `${one(id)}/progress`, undefined, signal),
    /** WebVTT whose cues are parts of pictures, and its address. */
    storyboard: async (id: string) => {
      const path = `${one(id)}/storyboard.vtt`;
      const { blob } = await http.download(path);
      return { text: await blob.text(), url: new URL(path, window.location.href).href };
    },
    chapters: (id: string, signal?: AbortSignal) =>
      http.json<Chapters>("GET", `${one(id)}/chapters`, undefined, signal),
    setChapters: (id: string, chapters: Pick<Chapter, "start_seconds" | "title">[]) =>
      http.json<Chapters>("PUT", `${one(id)}/chapters`, { chapters }),
    resetChapters: (id: string) => http.json<unknown>("DELETE", `${one(id)}/chapters`),
    captions: (id: string, signal?: AbortSignal) =>
      http.json<{ items: Captions[] }>("GET", `${one(id)}/captions`, undefined, signal),
    putCaptions: (id: string, language: string, file: Blob) =>
      http.upload<Captions>("PUT", `${one(id)}/captions/${encodeURIComponent(language)}`, file, "text/vtt"),
    /** A line of what is being recorded, told to everybody in the class. */
    typeCaption: (id: string, language: string, text: string) =>
      http.json<unknown>("POST", `${one(id)}/captions/${encodeURIComponent(language)}/lines`, { text }),
    deleteCaptions: (id: string, language: string) =>
      http.json<unknown>("DELETE", `${one(id)}/captions/${encodeURIComponent(language)}`),
    /** What was deleted less than an hour ago, as it was. */
    restoreCaptions: (id: string, language: string) =>
      http.json<Captions>("POST", `${one(id)}/captions/${encodeURIComponent(language)}/restore`, {}),
    accessLog: (
      id: string,
      filter: AccessFilter,
      page: { limit: number; cursor: string | undefined },
      signal?: AbortSignal,
    ) =>
      http.json<Page<AccessEntry>>(
        "GET",
        withQuery(`${one(id)}/access-log`, { ...filter, ...page }),
        undefined,
        signal,
      ),
    downloadAccessLog: (id: string, filter: AccessFilter) =>
      http.download(withQuery(`${one(id)}/access-log/export`, { ...filter })),
    shares: (id: string, signal?: AbortSignal) =>
      http.json<Page<Share>>("GET", withQuery(`${one(id)}/shares`, { limit: 200 }), undefined, signal),
    share: (id: string, wish: { title: string; download: boolean; expires_in_s: number }) =>
      http.json<NewShare>("POST", `${one(id)}/share`, wish),
    endShare: (id: string, share: string) => http.json<Share>("DELETE", `${one(id)}/shares/${share}`),
  };
}

export type RecordingsApi = ReturnType<typeof recordingsApi>;
