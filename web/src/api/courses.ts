/** Courses: what they are called, whose they are, and what the person asking may do in them. */
import type { Role } from "./accounts";
import { type Sending, sendBody } from "./files";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";
import type { Term } from "./recordings";

export type CourseStatus = "draft" | "active" | "completed" | "archived";
export type CourseRight = "view" | "teach" | "enrol" | "update" | "appoint" | "delete";

export interface Course {
  id: string;
  code: string;
  name: string;
  description: string;
  instructor_id: string | null;
  instructor_name: string | null;
  department: string;
  semester: string;
  year: number;
  status: CourseStatus;
  /** null: as many as come. */
  max_students: number | null;
  listed: boolean;
  self_enrolment: boolean;
  waiting_list: boolean;
  lesson_opens_minutes: number;
  lesson_grace_minutes: number;
  mail_lessons: boolean;
  record_lessons: "automatic" | "by_hand";
  publish_rule: "at_once" | "after_review";
  enrolled_count: number;
  recording_count: number;
  /** That of the person asking; null for who has none in it. */
  role: Role | null;
  enrollment_status: "active" | "waiting" | null;
  may: CourseRight[];
  created_at: string;
  updated_at: string;
}

export interface NewCourse {
  code: string;
  name: string;
  semester: string;
  year: number;
  department?: string;
  description?: string;
  max_students?: number | null;
}

/** What is to be different. */
export type CourseChange = Partial<
  Omit<
    Course,
    "id" | "instructor_name" | "enrolled_count" | "recording_count" | "role" | "enrollment_status" | "may"
  >
>;

export interface CourseCopy {
  semester: string;
  year: number;
  code?: string;
  name?: string;
  staff: boolean;
  /** All dates are so many days later, and series are there; without it there are neither. */
  shift_days?: number;
  /** By whose clocks. */
  time_zone?: string;
}

export interface CourseFilter {
  q?: string | undefined;
  status?: CourseStatus | undefined;
  mine?: boolean | undefined;
  limit?: number;
  cursor?: string | undefined;
}

export interface CourseStats {
  total_students: number;
  total_recordings: number;
  published_recordings: number;
  unique_viewers: number;
  total_views: number;
  last_accessed: string | null;
  average_engagement: number;
}

export interface CopiedCourse extends Course {
  /** Names of files that the server had lost before. */
  lost_files: string[];
}

/** What became of the file of a course. */
export interface ImportedCourse {
  id: string;
  name: string;
  /** By kind how much is in it. */
  carried: Readonly<Record<string, number>>;
  /** Files and recordings that the other server had lost. */
  missing_files: number;
}

export interface CourseUsage {
  used_bytes: number;
  /** null: any number. */
  allowed_bytes: number | null;
}

/** Something as read, with the version that a change is for. */
export interface Versioned<T> {
  value: T;
  etag: string | null;
}

export const COURSES = "/api/v1/courses";

export const coursePath = (id: string, ...rest: string[]): string =>
  [COURSES, ...[id, ...rest].map(encodeURIComponent)].join("/");

/** Reads something with its version. */
export async function readVersioned<T>(
  http: HttpClient,
  path: string,
  signal?: AbortSignal,
): Promise<Versioned<T>> {
  const { body, headers } = await http.exchange<T>("GET", path, { ...(signal && { signal }) });
  return { value: body, etag: headers.get("ETag") };
}

/** Changes something; with `etag`, refused with 412 when somebody else has changed it meanwhile. */
export async function changeVersioned<T>(
  http: HttpClient,
  path: string,
  json: unknown,
  etag?: string | null,
): Promise<T> {
  return (await http.exchange<T>("PATCH", path, { json, ...(etag && { headers: { "If-Match": etag } }) }))
    .body;
}

export function coursesApi(http: HttpClient) {
  return {
    list: ({ mine, ...filter }: CourseFilter, signal?: AbortSignal) =>
      http.json<Page<Course>>(
        "GET",
        withQuery(COURSES, { ...(mine && { mine: "true" }), ...filter }),
        undefined,
        signal,
      ),
    get: (id: string, signal?: AbortSignal) => readVersioned<Course>(http, coursePath(id), signal),
    create: (course: NewCourse) => http.json<Course>("POST", COURSES, course),
    change: (id: string, change: CourseChange, etag?: string | null) =>
      changeVersioned<Course>(http, coursePath(id), change, etag),
    copy: (id: string, copy: CourseCopy) => http.json<CopiedCourse>("POST", coursePath(id, "copy"), copy),
    /** An address that the browser fetches the file of a course from by itself. */
    exportLink: (id: string, recordings: boolean) =>
      http.json<{ url: string }>("POST", coursePath(id, "export", "link"), { recordings }),
    import: (file: File, sending: Sending) =>
      sendBody<ImportedCourse>(http, `${COURSES}/import`, file, sending),
    delete: (id: string) => http.json<unknown>("DELETE", coursePath(id)),
    stats: (id: string, signal?: AbortSignal) =>
      http.json<CourseStats>("GET", coursePath(id, "stats"), undefined, signal),
    usage: (id: string, signal?: AbortSignal) =>
      http.json<CourseUsage>("GET", coursePath(id, "recording-quota"), undefined, signal),
    setQuota: (id: string, bytes: number | null) =>
      http.json<CourseUsage>("PUT", coursePath(id, "recording-quota"), { bytes }),
    term: (id: string, signal?: AbortSignal) =>
      http.json<Term>("GET", coursePath(id, "recording-retention"), undefined, signal),
    setTerm: (id: string, days: number | null) =>
      http.json<Term>("PUT", coursePath(id, "recording-retention"), { days }),
  };
}

export type CoursesApi = ReturnType<typeof coursesApi>;
