/** How much the server is used: by day, by course, and how busy it was by the hour. */

import { type HttpClient, withQuery } from "./http";

export interface UsageDay {
  /** In UTC: "2026-11-29". */
  day: string;
  people: number;
  classes: number;
  participant_minutes: number;
  most_at_once: number;
  recordings: number;
  recording_minutes: number;
  recording_bytes: number;
}

export interface CourseUsage {
  course_id: string;
  code: string;
  name: string;
  recordings: number;
  recording_minutes: number;
  recording_bytes: number;
}

export interface LoadHour {
  hour: string;
  /** Processors in use, on average; and at most. */
  cpu: number;
  cpu_most: number;
  machine_load: number;
  memory_bytes: number;
  participants: number;
}

export interface Anonymizing {
  /** 0: never. */
  after_days: number;
  /** When last nothing was left to do. */
  finished_at: string | null;
  courses: number;
  viewers: number;
}

export interface Usage {
  days: UsageDay[];
  courses: CourseUsage[];
  load: LoadHour[];
  anonymizing: Anonymizing;
}

const ROOT = "/api/v1/analytics/usage";

export function usageApi(http: HttpClient) {
  return {
    read: (days: number, signal?: AbortSignal) =>
      http.json<Usage>("GET", withQuery(ROOT, { days }), undefined, signal),
  };
}

export type UsageApi = ReturnType<typeof usageApi>;
