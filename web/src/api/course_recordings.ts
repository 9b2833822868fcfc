/** Recordings that are filed in a course. */
import { coursePath } from "./courses";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";
import type { RecordingStatus } from "./recordings";

export interface FiledRecording {
  course_id: string;
  recording_id: string;
  lesson_id: string | null;
  lecture_number: number | null;
  lecture_title: string;
  title: string;
  status: RecordingStatus;
  /** Students see it. */
  published: boolean;
  duration_seconds: number;
  started_at: string | null;
}

export function courseRecordingsApi(http: HttpClient) {
  const one = (course: string, id: string, ...rest: string[]) =>
    coursePath(course, "recordings", id, ...rest);
  return {
    list: (course: string, page: { limit: number; cursor: string | undefined }, signal?: AbortSignal) =>
      http.json<Page<FiledRecording>>(
        "GET",
        withQuery(coursePath(course, "recordings"), { ...page }),
        undefined,
        signal,
      ),
    file: (course: string, wish: { recording_id: string; lesson_id?: string | null }) =>
      http.json<FiledRecording>("POST", coursePath(course, "recordings"), wish),
    publish: (course: string, id: string) =>
      http.json<FiledRecording>("POST", one(course, id, "publish"), {}),
    unpublish: (course: string, id: string) =>
      http.json<FiledRecording>("POST", one(course, id, "unpublish"), {}),
    remove: (course: string, id: string) => http.json<unknown>("DELETE", one(course, id)),
  };
}

export type CourseRecordingsApi = ReturnType<typeof courseRecordingsApi>;
