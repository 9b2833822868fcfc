/** What a student has reached in a course. */

import { useCallback } from "react";
import { Link } from "wouter";
import type { AssignmentsApi, QuizEntry } from "../../../api/assignments";
import { readFirst } from "../../../api/pages";
import { Badge, type BadgeTone } from "../../../design/Badge";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { pointsOf, WORK_STATUSES } from "../assignments/assignment_words";
import { useCourse } from "../useCourse";
import { asGraded, percentOf, QUIZ_STATUSES, quizPointsOf, reachedOf } from "./grade_words";

const FRESH_MS = 20_000;
const MOST = 200;

export function OwnGrades() {
  const { course } = useCourse();
  const { assignments } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => readOwn(assignments, course.id, signal),
    [assignments, course.id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading your grades" />;
  if (data.items.length + data.quizzes.length === 0) {
    return (
      <EmptyState icon="edit" title="Nothing to be graded yet">
        Your grades and the results of quizzes appear here when your teacher shows them.
      </EmptyState>
    );
  }
  const reached = reachedOf([...data.items, ...data.quizzes.map(asGraded)]);
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
              : `${reached.points} of ${plural(reached.out_of, "point", "points")}, of what is graded`}
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
          <Line
            key={entry.assignment_id}
            title={entry.title}
            href={`/courses/${course.id}/assignments?assignment=${entry.assignment_id}`}
            facts={
              entry.released ? pointsOf(entry) : `Not graded yet, ${plural(entry.out_of, "point", "points")}`
            }
            status={WORK_STATUSES[entry.status]}
          />
        ))}
        {data.quizzes.map((quiz) => (
          <Line
            key={quiz.quiz_id}
            title={quiz.title}
            href={`/courses/${course.id}/quizzes?quiz=${quiz.quiz_id}`}
            facts={`Quiz · ${quizPointsOf(quiz)}`}
            status={QUIZ_STATUSES[quiz.status]}
          />
        ))}
      </ul>
    </div>
  );
}

function Line({
  title,
  href,
  facts,
  status,
}: {
  title: string;
  href: string;
  facts: string;
  status: { label: string; tone: BadgeTone };
}) {
  return (
    <li className="upload" data-testid={`grade-${title}`}>
      <div className="list-row-words">
        <Link href={href}>{title}</Link>
        <p className="list-row-facts">{facts}</p>
      </div>
      <Badge tone={status.tone}>{status.label}</Badge>
    </li>
  );
}

/** The quizzes come with the first page. */
async function readOwn(assignments: AssignmentsApi, course: string, signal: AbortSignal) {
  let quizzes: QuizEntry[] = [];
  const read = await readFirst(MOST, async (page) => {
    const found = await assignments.mine(course, page, signal);
    quizzes = found.quizzes ?? quizzes;
    return found;
  });
  return { ...read, quizzes };
}
