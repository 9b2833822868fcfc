/** What a course counts as attended, and as a recording completed. */
import { readVersioned, type Versioned } from "./courses";
import type { HttpClient } from "./http";

/** Shares are of the class as it was held: 0.01 to 1. */
export interface AttendanceRules {
  present_ratio: number;
  late_ratio: number;
  /** Null: who was there for less than `late_ratio` was absent. */
  partial_ratio: number | null;
  late_after_minutes: number;
  /** Within which a recording makes up for a class; null: never. */
  credit_days: number | null;
  /** Of a recording, to have completed it: 0.5 to 1 in steps of 0.05. */
  completion_ratio: number;
}

const path = (course: string) => `/api/v1/analytics/courses/${encodeURIComponent(course)}/attendance-rules`;

export function attendanceRulesApi(http: HttpClient) {
  return {
    get: (course: string, signal?: AbortSignal): Promise<Versioned<AttendanceRules>> =>
      readVersioned<AttendanceRules>(http, path(course), signal),
    /** With `etag`, refused with 412 when somebody else has changed them meanwhile. */
    set: async (course: string, json: AttendanceRules, etag: string | null): Promise<AttendanceRules> =>
      (
        await http.exchange<AttendanceRules>("PUT", path(course), {
          json,
          ...(etag && { headers: { "If-Match": etag } }),
        })
      ).body,
  };
}

export type AttendanceRulesApi = ReturnType<typeof attendanceRulesApi>;
