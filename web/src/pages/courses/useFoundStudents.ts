/** Students of the course who are called so, by name: as many as one looks through, not all of a large course. */
import { useCallback } from "react";
import { readFirst } from "../../api/pages";
import { useLoaded } from "../../hooks/useLoaded";
import { useSettled } from "../../hooks/useSettled";
import { useApi } from "../../session/Session";
import { useCourse } from "./useCourse";

export const MOST_FOUND = 50;

export function useFoundStudents(typed: string) {
  const { course } = useCourse();
  const { enrolments } = useApi();
  const q = useSettled(typed.trim());
  const load = useCallback(
    async (signal: AbortSignal) => {
      const wish = { status: "active" as const, role: "student" as const, ...(q && { q }) };
      const found = await readFirst(
        MOST_FOUND,
        (page) => enrolments.list(course.id, { ...wish, ...page }, signal),
        MOST_FOUND,
      );
      const students = found.items.toSorted((a, b) => a.full_name.localeCompare(b.full_name));
      return { students, more: found.more, q };
    },
    [enrolments, course.id, q],
  );
  return useLoaded(load);
}
