/** The live lessons that are on or to come, in the order of time. */
import { useCallback } from "react";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useLoaded } from "../../../hooks/useLoaded";
import { useNow } from "../../../hooks/useNow";
import { useApi } from "../../../session/Session";
import { EnterLesson } from "../outline/LessonRow";
import { phaseOf, whenOf } from "../outline/lesson_state";
import { useCourse } from "../useCourse";

const FRESH_MS = 30_000;
const MOST = 1000;
const SHOWN = 8;

export function UpcomingLessons() {
  const { course } = useCourse();
  const { outline } = useApi();
  const now_ms = useNow(15_000);
  const load = useCallback(
    async (signal: AbortSignal) =>
      (await readFirst(MOST, (page) => outline.lessons(course.id, page, signal, "live"))).items,
    [outline, course.id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  const coming = data
    ?.filter((one) => one.starts_at !== null)
    .map((lesson) => ({ lesson, phase: phaseOf({ ...lesson, cancelled: false }, course, now_ms) }))
    .filter(({ phase }) => phase !== "over")
    .sort((a, b) => Date.parse(a.lesson.starts_at ?? "") - Date.parse(b.lesson.starts_at ?? ""));
  return (
    <section className="course-part" aria-label="Coming lessons">
      <h2>Coming lessons</h2>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the lessons" />}
      {coming?.length === 0 && <p className="outline-none">No live lesson has a time that is to come.</p>}
      {coming && coming.length > 0 && (
        <ul className="list" data-testid="coming-lessons">
          {coming.slice(0, SHOWN).map(({ lesson, phase }) => (
            <li key={lesson.id} className="list-row course-row">
              <div className={lesson.cancelled ? "list-row-words lesson-cancelled" : "list-row-words"}>
                <strong className="lesson-title">{lesson.title}</strong>
                <p className="list-row-facts">{whenOf(lesson)}</p>
              </div>
              {lesson.cancelled ? (
                <Badge>Cancelled</Badge>
              ) : phase === "on" || phase === "grace" ? (
                <Badge tone="live" pulse>
                  Now
                </Badge>
              ) : (
                <span />
              )}
              <EnterLesson lesson={lesson} phase={lesson.cancelled ? "cancelled" : phase} />
            </li>
          ))}
        </ul>
      )}
      {coming && coming.length > SHOWN && (
        <p className="list-more soft">And {coming.length - SHOWN} more, all of them under Lessons.</p>
      )}
    </section>
  );
}
