/** The students of the course, by name. */
import { useCallback } from "react";
import { readFirst } from "../../api/pages";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { useCourse } from "./useCourse";

const MOST = 5000;

export function useStudents() {
  const { course } = useCourse();
  const { enrolments } = useApi();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const wish = { status: "active" as const, role: "student" as const };
      const all = await readFirst(MOST, (page) => enrolments.list(course.id, { ...wish, ...page }, signal));
      return all.items.toSorted((a, b) => a.full_name.localeCompare(b.full_name));
    },
    [enrolments, course.id],
  );
  return useLoaded(load);
}
