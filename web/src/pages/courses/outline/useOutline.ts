/** All of a course's outline: sections, lessons, and the recordings that are filed under them. */
import { useCallback } from "react";
import type { FiledRecording } from "../../../api/course_recordings";
import { readFirst } from "../../../api/pages";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { type Arranged, arrange } from "./order";

const FRESH_MS = 20_000;
/** The most that the server keeps of each. */
const SECTIONS = 200;
const LESSONS = 1000;

export interface OutlineRead extends Arranged {
  recordings: ReadonlyMap<string, FiledRecording[]>;
  empty: boolean;
}

export function useOutline(course: string) {
  const { outline, courseRecordings } = useApi();
  const load = useCallback(
    async (signal: AbortSignal): Promise<OutlineRead> => {
      const [sections, lessons, filed] = await Promise.all([
        readFirst(SECTIONS, (page) => outline.sections(course, page, signal)),
        readFirst(LESSONS, (page) => outline.lessons(course, page, signal)),
        readFirst(LESSONS, (page) => courseRecordings.list(course, page, signal)),
      ]);
      return {
        ...arrange(sections.items, lessons.items),
        recordings: byLesson(filed.items),
        empty: sections.items.length + lessons.items.length === 0,
      };
    },
    [outline, courseRecordings, course],
  );
  return useLoaded(load, FRESH_MS);
}

function byLesson(filed: readonly FiledRecording[]): Map<string, FiledRecording[]> {
  const found = new Map<string, FiledRecording[]>();
  for (const one of filed) {
    if (one.lesson_id) found.set(one.lesson_id, [...(found.get(one.lesson_id) ?? []), one]);
  }
  return found;
}
