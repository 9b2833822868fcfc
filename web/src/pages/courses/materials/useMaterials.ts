/** All materials of a course, by lesson in the order of the course. */
import { useCallback } from "react";
import type { Material } from "../../../api/materials";
import type { Lesson } from "../../../api/outline";
import { readFirst } from "../../../api/pages";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";

const FRESH_MS = 20_000;
/** The most that the server keeps of each. */
const MATERIALS = 2000;
const LESSONS = 1000;

export interface MaterialGroup {
  /** null: for the course as a whole. */
  lesson: Lesson | null;
  materials: Material[];
}

/** Those of the course first, then by lesson; only groups that hold something. */
export function groupsOf(materials: readonly Material[], lessons: readonly Lesson[]): MaterialGroup[] {
  const known = new Set(lessons.map(({ id }) => id));
  const of = (id: string | null) => materials.filter(({ lesson_id }) => lesson_id === id);
  const loose = materials.filter(({ lesson_id }) => lesson_id === null || !known.has(lesson_id));
  return [
    { lesson: null, materials: loose },
    ...lessons.map((lesson) => ({ lesson, materials: of(lesson.id) })),
  ].filter((group) => group.materials.length > 0);
}

export function useMaterials() {
  const { course, staff } = useCourse();
  const { materials, outline } = useApi();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [all, lessons] = await Promise.all([
        readFirst(MATERIALS, (page) => materials.list(course.id, page, signal)),
        readFirst(LESSONS, (page) => outline.lessons(course.id, page, signal)),
      ]);
      // Until its file has arrived a material is nothing to students.
      const seen = staff ? all.items : all.items.filter(({ file }) => file !== null);
      return { materials: seen, lessons: lessons.items };
    },
    [materials, outline, course.id, staff],
  );
  return useLoaded(load, FRESH_MS);
}
