/** How a course goes, for its staff. */
import { useCallback } from "react";
import { momentWithin, plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";

const FRESH_MS = 60_000;

export function CourseFigures() {
  const { course } = useCourse();
  const { courses } = useApi();
  const load = useCallback((signal: AbortSignal) => courses.stats(course.id, signal), [courses, course.id]);
  const { data } = useLoaded(load, FRESH_MS);
  if (!data || data.total_recordings === 0) return null;
  const words = [
    `${data.published_recordings} of ${data.total_recordings} published`,
    `watched by ${plural(data.unique_viewers, "person", "people")}`,
    `opened ${plural(data.total_views, "time", "times")}`,
    `${data.average_engagement} % of each watched on average`,
    data.last_accessed && `last ${momentWithin(data.last_accessed)}`,
  ];
  return <p className="soft course-figures">{words.filter(Boolean).join(" · ")}</p>;
}
