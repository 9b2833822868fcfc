/** Series of live lessons of a course. */
import { changeVersioned, coursePath, readVersioned } from "./courses";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface Schedule {
  id: string;
  course_id: string;
  section_id: string | null;
  title: string;
  description: string;
  /** Of recurrence, as calendars write it (RFC 5545). */
  rule: string;
  time_zone: string;
  /** The first class by the clock there: "2026-10-05T08:00". */
  first_start: string;
  duration_minutes: number;
  published: boolean;
  /** Classes whose lesson was deleted. */
  skipped: string[];
  made_until: string;
}

export interface ScheduleChange {
  title: string;
  description: string;
  rule: string;
  time_zone: string;
  first_start: string;
  duration_minutes: number;
  section_id: string | null;
  published: boolean;
}

export type NewSchedule = ScheduleChange;

export function schedulesApi(http: HttpClient) {
  const one = (course: string, id: string) => coursePath(course, "schedules", id);
  return {
    list: (course: string, page: { limit: number; cursor: string | undefined }, signal?: AbortSignal) =>
      http.json<Page<Schedule>>(
        "GET",
        withQuery(coursePath(course, "schedules"), { ...page }),
        undefined,
        signal,
      ),
    get: (course: string, id: string, signal?: AbortSignal) =>
      readVersioned<Schedule>(http, one(course, id), signal),
    add: (course: string, wish: NewSchedule) =>
      http.json<Schedule>("POST", coursePath(course, "schedules"), wish),
    change: (course: string, id: string, wish: Partial<ScheduleChange>, etag?: string | null) =>
      changeVersioned<Schedule>(http, one(course, id), wish, etag),
    delete: (course: string, id: string) => http.json<unknown>("DELETE", one(course, id)),
  };
}

export type SchedulesApi = ReturnType<typeof schedulesApi>;
