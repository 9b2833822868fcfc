/** Who has handed in, for staff, and the grading of one of them (`&student=`). */
import { useCallback, useState } from "react";
import { Link } from "wouter";
import type { Assignment, RosterPage } from "../../../api/assignments";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Button, ButtonLink } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useSettled } from "../../../hooks/useSettled";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { handedIn, pointsOf, WORK_STATUSES } from "./assignment_words";
import { Grading } from "./Grading";

const FRESH_MS = 20_000;
const LONG_FRESH_MS = 60_000;
const ROWS = 100;
const NONE = { students: 0, handed_in: 0, drafts: 0 };

interface Around {
  assignment: Assignment;
  here: string;
}

export function Roster({ assignment, student }: { assignment: Assignment; student: string }) {
  const here = `/courses/${assignment.course_id}/assignments?assignment=${assignment.id}`;
  return (
    <div className="work-card">
      {student ? (
        <One assignment={assignment} student={student} here={here} />
      ) : (
        <Everybody assignment={assignment} here={here} />
      )}
    </div>
  );
}

function One({ assignment, student, here }: Around & { student: string }) {
  const { assignments } = useApi();
  const { course_id, id } = assignment;
  const load = useCallback(
    (signal: AbortSignal) =>
      assignments.roster(course_id, id, { student_id: student, limit: 2, cursor: undefined }, signal),
    [assignments, course_id, id, student],
  );
  const { data, error, reload } = useLoaded(load);
  const [chosen, next] = data?.items ?? [];
  return (
    <>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the student" />}
      {data && !chosen && <Notice tone="wrong">This is no student of the course.</Notice>}
      {chosen?.user_id === student && (
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
    </>
  );
}

function Everybody({ assignment, here }: Around) {
  const { course } = useCourse();
  const { assignments } = useApi();
  const { course_id, id } = assignment;
  const [shown, setShown] = useState(ROWS);
  const [words, setWords] = useState("");
  const q = useSettled(words.trim());
  const load = useCallback(
    async (signal: AbortSignal) => {
      let counts: RosterPage["counts"] = null;
      const read = await readFirst(shown, async (page) => {
        const one = await assignments.roster(course_id, id, { ...page, ...(q && { q }) }, signal);
        counts ??= one.counts;
        return one;
      });
      return { ...read, counts: counts ?? NONE };
    },
    [assignments, course_id, id, q, shown],
  );
  const { data, error, reload } = useLoaded(load, shown > ROWS ? LONG_FRESH_MS : FRESH_MS);
  const task = useTask();
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading the students" />;
  const { students, handed_in, drafts } = data.counts;
  const release = () =>
    void task.run(
      async () => {
        await assignments.release(course_id, id);
        await reload();
      },
      `${plural(drafts, "grade is", "grades are")} released.`,
    );
  return (
    <>
      {error && <Notice tone="wrong">{error}</Notice>}
      {students === 0 && (
        <EmptyState icon="users" title="No students yet">
          Who takes part is listed here with what they hand in.
        </EmptyState>
      )}
      {students > 0 && (
        <div className="course-part-head">
          <p role="status">
            {handed_in} of {plural(students, "student has", "students have")} handed in
            {drafts > 0 && `, ${plural(drafts, "grade is a draft", "grades are drafts")}`}.
          </p>
          {drafts > 0 && course.status !== "archived" && (
            <Button tone="primary" size="small" busy={task.busy} onClick={release} data-testid="release-all">
              Release all grades
            </Button>
          )}
        </div>
      )}
      {students > ROWS && (
        <div className="filters">
          <search>
            <SearchInput
              label="Find a student"
              value={words}
              onChange={(typed) => {
                setWords(typed);
                setShown(ROWS);
              }}
              testId="find-student"
            />
          </search>
        </div>
      )}
      {students > 0 && data.items.length === 0 && <p className="soft">Nobody is called that.</p>}
      <ul className="list" data-testid="roster" hidden={data.items.length === 0}>
        {data.items.map(({ user_id, full_name, entry }) => (
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
      {data.more && (
        <p className="list-more">
          <Button
            busy={data.asked < shown}
            onClick={() => setShown(data.asked + ROWS)}
            data-testid="more-students"
          >
            Show more
          </Button>
          {q === "" && (
            <span className="soft numbers">
              {data.items.length} of {students}
            </span>
          )}
        </p>
      )}
    </>
  );
}
