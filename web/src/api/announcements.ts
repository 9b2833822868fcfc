/** What a course is told by its staff. */
import { changeVersioned, coursePath, readVersioned } from "./courses";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface Announcement {
  id: string;
  course_id: string;
  author_id: string | null;
  author_name: string | null;
  title: string;
  body: string;
  created_at: string;
  updated_at: string;
}

export interface NewAnnouncement {
  title: string;
  body: string;
}

export function announcementsApi(http: HttpClient) {
  const one = (course: string, id: string) => coursePath(course, "announcements", id);
  return {
    list: (course: string, page: { limit: number; cursor: string | undefined }, signal?: AbortSignal) =>
      http.json<Page<Announcement>>(
        "GET",
        withQuery(coursePath(course, "announcements"), { ...page }),
        undefined,
        signal,
      ),
    get: (course: string, id: string, signal?: AbortSignal) =>
      readVersioned<Announcement>(http, one(course, id), signal),
    add: (course: string, wish: NewAnnouncement) =>
      http.json<Announcement>("POST", coursePath(course, "announcements"), wish),
    change: (course: string, id: string, wish: NewAnnouncement, etag?: string | null) =>
      changeVersioned<Announcement>(http, one(course, id), wish, etag),
    delete: (course: string, id: string) => http.json<unknown>("DELETE", one(course, id)),
  };
}

export type AnnouncementsApi = ReturnType<typeof announcementsApi>;
