/** The courses that somebody takes part in, with their live lessons and newest announcements. */
import { useCallback } from "react";
import type { Announcement } from "../../api/announcements";
import type { Course } from "../../api/courses";
import type { Lesson } from "../../api/outline";
import { readFirst } from "../../api/pages";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import type { InCourse } from "./next";

const FRESH_MS = 30_000;
/** The newest of one's active courses: each is two requests. */
const COURSES = 10;
const ANNOUNCEMENTS = 3;
const LESSONS = 1000;

export interface HomeRead {
  courses: Course[];
  lessons: InCourse<Lesson>[];
  announcements: InCourse<Announcement>[];
}

/** What failed of one course does not hide the others. */
const orNone = <T>(error: unknown): T[] => {
  if (error instanceof DOMException) throw error;
  return [];
};

export function useHome() {
  const { courses, outline, announcements } = useApi();
  const load = useCallback(
    async (signal: AbortSignal): Promise<HomeRead> => {
      const mine = await courses.list({ mine: true, status: "active", limit: COURSES }, signal);
      const read = async <T>(items: (course: Course) => Promise<T[]>): Promise<InCourse<T>[]> => {
        const lists = await Promise.all(
          mine.items.map(async (course) =>
            (await items(course).catch(orNone<T>)).map((one) => ({ course, one })),
          ),
        );
        return lists.flat();
      };
      const [lessons, told] = await Promise.all([
        read(
          async ({ id }) =>
            (await readFirst(LESSONS, (page) => outline.lessons(id, page, signal, "live"))).items,
        ),
        read(
          async ({ id }) =>
            (await announcements.list(id, { limit: ANNOUNCEMENTS, cursor: undefined }, signal)).items,
        ),
      ]);
      return { courses: mine.items, lessons, announcements: told };
    },
    [courses, outline, announcements],
  );
  return useLoaded(load, FRESH_MS);
}
