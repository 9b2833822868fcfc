/** What a course's staff give out: files in versions. */
import { changeVersioned, coursePath, readVersioned } from "./courses";
import { type CourseFile, type Sending, sendFile } from "./files";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface Material {
  id: string;
  course_id: string;
  lesson_id: string | null;
  title: string;
  description: string;
  published: boolean;
  release_at: string | null;
  /** Uploaded so far, deleted ones among them. */
  versions: number;
  /** The newest version; null before the first. */
  file: CourseFile | null;
  created_at: string;
  updated_at: string;
}

export type MaterialChange = Partial<
  Pick<Material, "title" | "description" | "lesson_id" | "published" | "release_at">
>;

interface PageWish {
  limit: number;
  cursor: string | undefined;
}

export function materialsApi(http: HttpClient) {
  const one = (course: string, id: string, ...rest: string[]) => coursePath(course, "materials", id, ...rest);
  return {
    list: (course: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<Material>>(
        "GET",
        withQuery(coursePath(course, "materials"), { ...page }),
        undefined,
        signal,
      ),
    get: (course: string, id: string, signal?: AbortSignal) =>
      readVersioned<Material>(http, one(course, id), signal),
    add: (course: string, wish: MaterialChange & { title: string }) =>
      http.json<Material>("POST", coursePath(course, "materials"), wish),
    change: (course: string, id: string, wish: MaterialChange, etag?: string | null) =>
      changeVersioned<Material>(http, one(course, id), wish, etag),
    delete: (course: string, id: string) => http.json<unknown>("DELETE", one(course, id)),
    versions: (course: string, id: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<CourseFile>>(
        "GET",
        withQuery(one(course, id, "versions"), { ...page }),
        undefined,
        signal,
      ),
    addVersion: (course: string, id: string, file: File, sending: Sending) =>
      sendFile(http, one(course, id, "versions"), file, sending),
    deleteVersion: (course: string, id: string, file: string) =>
      http.json<unknown>("DELETE", one(course, id, "versions", file)),
  };
}

export type MaterialsApi = ReturnType<typeof materialsApi>;
