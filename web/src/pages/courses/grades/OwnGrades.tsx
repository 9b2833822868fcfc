/** What a student has reached in a course. */
import { useCallback } from "react";
import { Link } from "wouter";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { pointsOf, WORK_STATUSES } from "../assignments/assignment_words";
import { useCourse } from "../useCourse";
import { percentOf, reachedOf } from "./grade_words";

const FRESH_MS = 20_000;
const MOST = 200;

export function OwnGrades() {
  const { course } = useCourse();
  const { assignments } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => readFirst(MOST, (page) => assignments.mine(course.id, page, signal)),
    [assignments, course.id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading your grades" />;
  if (data.items.length === 0) {
    return (
      <EmptyState icon="edit" title="Nothing to be graded yet">
        Your grades appear here when your teacher releases them.
      </EmptyState>
    );
  }
  const reached = reachedOf(data.items);
  return (
    <div>
      {error && <Notice tone="wrong">{error}</Notice>}
      <dl className="reached" data-testid="reached">
        <div>
          <dt>To date</dt>
          <dd className="numbers">{percentOf(reached.to_date)}</dd>
          <dd className="soft">
            {reached.to_date === null
              ? "nothing is graded yet"
              : `${reached.points} of ${reached.out_of} points, of what is graded`}
          </dd>
        </div>
        <div>
          <dt>Overall</dt>
          <dd className="numbers">{percentOf(reached.overall)}</dd>
          <dd className="soft">of everything, with what is to come</dd>
        </div>
      </dl>
      <ul className="list" data-testid="own-grades">
        {data.items.map((entry) => (
          <li key={entry.assignment_id} className="upload" data-testid={`grade-${entry.title}`}>
            <div className="list-row-words">
              <Link href={`/courses/${course.id}/assignments?assignment=${entry.assignment_id}`}>
                {entry.title}
              </Link>
              <p className="list-row-facts">
                {entry.released ? pointsOf(entry) : `Not graded yet, ${entry.out_of} points`}
              </p>
            </div>
            <Badge tone={WORK_STATUSES[entry.status].tone}>{WORK_STATUSES[entry.status].label}</Badge>
          </li>
        ))}
      </ul>
    </div>
  );
}
