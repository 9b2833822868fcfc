/** Who has handed in, for staff, and the grading of one of them (`&student=`). */
import { useCallback } from "react";
import { Link } from "wouter";
import type { Assignment, Entry } from "../../../api/assignments";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Button, ButtonLink } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { handedIn, pointsOf, WORK_STATUSES } from "./assignment_words";
import { Grading } from "./Grading";

const FRESH_MS = 20_000;
const MOST = 5000;

interface Line {
  user_id: string;
  full_name: string;
  entry: Entry;
}

export function Roster({ assignment, student }: { assignment: Assignment; student: string }) {
  const { assignments } = useApi();
  const { course_id, id } = assignment;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const book = await readFirst(MOST, (page) => assignments.book(course_id, page, signal));
      return book.items.flatMap(({ user_id, full_name, entries }): Line[] => {
        const entry = entries.find(({ assignment_id }) => assignment_id === id);
        return entry ? [{ user_id, full_name, entry }] : [];
      });
    },
    [assignments, course_id, id],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading the students" />;
  const here = `/courses/${course_id}/assignments?assignment=${id}`;
  const at = data.findIndex(({ user_id }) => user_id === student);
  const chosen = data[at];
  const next = at < 0 ? undefined : data[at + 1];
  return (
    <div className="work-card">
      {error && <Notice tone="wrong">{error}</Notice>}
      {student && chosen && (
        <>
          <div className="course-part-head">
            <h3>{chosen.full_name}</h3>
            <div className="course-tools-end">
              <ButtonLink href={here} size="small" icon="list">
                All students
              </ButtonLink>
              {next && (
                <ButtonLink href={`${here}&student=${next.user_id}`} size="small" icon="forward">
                  Next: {next.full_name}
                </ButtonLink>
              )}
            </div>
          </div>
          <Grading key={student} assignment={assignment} student={student} onDone={reload} />
        </>
      )}
      {student && !chosen && <Notice tone="wrong">This is no student of the course.</Notice>}
      {!student && <Everybody assignment={assignment} lines={data} here={here} onDone={reload} />}
    </div>
  );
}

function Everybody({
  assignment,
  lines,
  here,
  onDone,
}: {
  assignment: Assignment;
  lines: readonly Line[];
  here: string;
  onDone: () => Promise<void>;
}) {
  const { course } = useCourse();
  const { assignments } = useApi();
  const task = useTask();
  if (lines.length === 0) {
    return (
      <EmptyState icon="users" title="No students yet">
        Who takes part is listed here with what they hand in.
      </EmptyState>
    );
  }
  const there = lines.filter(({ entry }) => entry.handed_in_at !== null).length;
  const drafts = lines.filter(({ entry }) => entry.points !== null && !entry.released).length;
  const release = () =>
    void task.run(
      async () => {
        await assignments.release(assignment.course_id, assignment.id);
        await onDone();
      },
      `${plural(drafts, "grade is", "grades are")} released.`,
    );
  return (
    <>
      <div className="course-part-head">
        <p role="status">
          {there} of {plural(lines.length, "student has", "students have")} handed in
          {drafts > 0 && `, ${plural(drafts, "grade is a draft", "grades are drafts")}`}.
        </p>
        {drafts > 0 && course.status !== "archived" && (
          <Button tone="primary" size="small" busy={task.busy} onClick={release} data-testid="release-all">
            Release all grades
          </Button>
        )}
      </div>
      <ul className="list" data-testid="roster">
        {lines.map(({ user_id, full_name, entry }) => (
          <li key={user_id} className="upload" data-testid={`work-of-${full_name}`}>
            <div className="list-row-words">
              <Link href={`${here}&student=${user_id}`}>{full_name}</Link>
              <p className="list-row-facts">
                {[handedIn(entry.handed_in_at), pointsOf(entry)].filter(Boolean).join(" · ")}
              </p>
            </div>
            <span className="course-badges">
              <Badge tone={WORK_STATUSES[entry.status].tone}>{WORK_STATUSES[entry.status].label}</Badge>
              {entry.points !== null && (
                <Badge tone={entry.released ? "accent" : "warn"}>
                  {entry.released ? "Released" : "Draft"}
                </Badge>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
