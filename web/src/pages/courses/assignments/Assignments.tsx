/** The assignments of a course, or the one that the address names (`?assignment=`). */

import { useCallback, useState } from "react";
import { Link, useSearch } from "wouter";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useNow } from "../../../hooks/useNow";
import { useApi } from "../../../session/Session";
import { OfLesson, useLessonWanted } from "../OfLesson";
import { hiddenWhy } from "../outline/lesson_state";
import { useCourse } from "../useCourse";
import { AssignmentDialog } from "./AssignmentDialog";
import { AssignmentPage } from "./AssignmentPage";
import "./Assignments.css";
import { dueOf, pointsOf, WORK_STATUSES } from "./assignment_words";

const FRESH_MS = 20_000;
/** The most that the server keeps of each. */
const MOST = 200;
const LESSONS = 1000;

export function Assignments() {
  const one = new URLSearchParams(useSearch()).get("assignment");
  return one ? <AssignmentPage key={one} id={one} /> : <List />;
}

function useAssignments() {
  const { course, staff } = useCourse();
  const { assignments, outline } = useApi();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [all, lessons, mine] = await Promise.all([
        readFirst(MOST, (page) => assignments.list(course.id, page, signal)),
        readFirst(LESSONS, (page) => outline.lessons(course.id, page, signal)),
        staff ? null : readFirst(MOST, (page) => assignments.mine(course.id, page, signal)),
      ]);
      const entries = new Map(mine?.items.map((entry) => [entry.assignment_id, entry]));
      return { all: all.items, lessons: lessons.items, entries };
    },
    [assignments, outline, course.id, staff],
  );
  return useLoaded(load, FRESH_MS);
}

function List() {
  const { course, staff } = useCourse();
  const { data, error, reload } = useAssignments();
  const wanted = useLessonWanted();
  const now_ms = useNow(15_000);
  const [making, setMaking] = useState(false);
  const change = staff && course.status !== "archived";
  const root = `/courses/${course.id}/assignments`;
  const seen = data?.all.filter(({ lesson_id }) => !wanted || lesson_id === wanted) ?? [];
  const button = (
    <Button tone="primary" icon="plus" onClick={() => setMaking(true)} data-testid="new-assignment">
      New assignment
    </Button>
  );
  return (
    <div>
      {wanted && data && (
        <OfLesson lesson={data.lessons.find(({ id }) => id === wanted)} all="All assignments" href={root} />
      )}
      {change && seen.length > 0 && (
        <div className="course-tools">
          <div className="course-tools-end">{button}</div>
        </div>
      )}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading assignments" />}
      {data && seen.length === 0 && (
        <EmptyState icon="edit" title="No assignments yet" action={change && button}>
          {change
            ? "Say what is to be done and until when; students hand in texts and files here."
            : "What is to be handed in appears here."}
        </EmptyState>
      )}
      {seen.length > 0 && (
        <ul className="list" data-testid="assignments">
          {seen.map((one) => {
            const entry = data?.entries.get(one.id);
            const hidden = hiddenWhy(one, now_ms);
            return (
              <li key={one.id} className="upload" data-testid={`assignment-${one.title}`}>
                <div className="list-row-words">
                  <Link href={`${root}?assignment=${one.id}`}>{one.title}</Link>
                  <p className="list-row-facts">
                    {[dueOf(one), plural(one.points, "point", "points"), one.for_groups && "for groups"]
                      .filter(Boolean)
                      .join(" · ")}
                  </p>
                </div>
                <span className="course-badges">
                  {hidden && <Badge tone="warn">{hidden}</Badge>}
                  {entry && (
                    <Badge tone={WORK_STATUSES[entry.status].tone}>{WORK_STATUSES[entry.status].label}</Badge>
                  )}
                  {entry?.released && entry.points !== null && (
                    <Badge tone="accent">{pointsOf({ ...entry, percent_off: 0 })}</Badge>
                  )}
                </span>
              </li>
            );
          })}
        </ul>
      )}
      <AssignmentDialog
        open={making}
        id={null}
        lesson={wanted}
        lessons={data?.lessons ?? []}
        onClose={() => setMaking(false)}
        onDone={reload}
      />
    </div>
  );
}
