/** The course whose page is open, for all of its tabs. */
import { createContext, useContext } from "react";
import type { Course, CourseRight } from "../../api/courses";

export interface CourseValue {
  course: Course;
  may: (right: CourseRight) => boolean;
  /** Whether the person here is of its staff. */
  staff: boolean;
  reload: () => Promise<void>;
}

export const CourseContext = createContext<CourseValue | null>(null);

export function useCourse(): CourseValue {
  const value = useContext(CourseContext);
  if (!value) throw new Error("useCourse is used outside a course's page.");
  return value;
}
