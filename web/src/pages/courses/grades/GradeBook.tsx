/** Every student with every assignment, in a table that scrolls within itself; each cell leads to the grading. */
import { useCallback, useState } from "react";
import { Link } from "wouter";
import type { BookRow, Entry } from "../../../api/assignments";
import { readFirst } from "../../../api/pages";
import { Button } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { saveFile } from "../../save_file";
import { useCourse } from "../useCourse";
import { CELL_WORDS, percentOf, sortedRows } from "./grade_words";

const FRESH_MS = 30_000;
const MOST = 5000;
/** So many rows are drawn at first. */
const ROWS = 100;

export function GradeBook() {
  const { course } = useCourse();
  const { assignments } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => readFirst(MOST, (page) => assignments.book(course.id, page, signal)),
    [assignments, course.id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  const [typed, setTyped] = useState("");
  const [shown, setShown] = useState(ROWS);
  const task = useTask();
  const save = () =>
    void task.run(async () => saveFile(await assignments.exportBook(course.id), "grades.csv"));
  const rows = data ? sortedRows(data.items, typed) : [];
  const columns = data?.items[0]?.entries.toReversed() ?? [];
  const nobody = data !== null && data.items.length === 0;
  return (
    <div>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the grade book" />}
      {nobody && (
        <EmptyState icon="users" title="No students yet">
          Who takes part is listed here with what they have reached.
        </EmptyState>
      )}
      {data && !nobody && columns.length === 0 && (
        <EmptyState icon="edit" title="Nothing to be graded yet">
          Each assignment is a column here.
        </EmptyState>
      )}
      {columns.length > 0 && (
        <>
          <div className="course-tools">
            <SearchInput label="Find a student" value={typed} onChange={setTyped} testId="find-student" />
            <Button icon="download" busy={task.busy} onClick={save} data-testid="export-grades">
              Save as CSV
            </Button>
          </div>
          <Table columns={columns} rows={rows.slice(0, shown)} root={`/courses/${course.id}/assignments`} />
          {rows.length === 0 && <p className="soft book-none">Nobody is called that.</p>}
          {rows.length > shown && (
            <p className="list-more">
              <Button onClick={() => setShown(shown + ROWS)}>Show more</Button>
            </p>
          )}
          <p className="soft book-legend">
            <em>Italic</em>: a draft, which its student does not see. “To date” is of what is graded,
            “overall” of everything.
          </p>
        </>
      )}
    </div>
  );
}

function Table({
  columns,
  rows,
  root,
}: {
  columns: readonly Entry[];
  rows: readonly BookRow[];
  root: string;
}) {
  return (
    // It scrolls, so that it must be reached by keys too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the box of a wide table
    <section className="book-box" aria-label="Grade book" tabIndex={0}>
      <table className="book" data-testid="grade-book">
        <thead>
          <tr>
            <th scope="col" className="book-name">
              Student
            </th>
            <th scope="col">To date</th>
            <th scope="col">Overall</th>
            {columns.map(({ assignment_id, title, out_of }) => (
              <th key={assignment_id} scope="col">
                <Link href={`${root}?assignment=${assignment_id}`} className="book-title" title={title}>
                  {title}
                </Link>
                <span className="book-out-of">of {out_of}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.user_id} data-testid={`book-${row.full_name}`}>
              <th scope="row" className="book-name" title={row.email}>
                {row.full_name}
              </th>
              <td className="numbers">{percentOf(row.percent_to_date)}</td>
              <td className="numbers">{percentOf(row.percent_overall)}</td>
              {columns.map(({ assignment_id }) => (
                <Cell
                  key={assignment_id}
                  entry={row.entries.find((one) => one.assignment_id === assignment_id)}
                  href={`${root}?assignment=${assignment_id}&student=${row.user_id}`}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ entry, href }: { entry: Entry | undefined; href: string }) {
  if (!entry) return <td />;
  const { final_points, released, status, percent_off } = entry;
  const draft = final_points !== null && !released;
  return (
    <td className={`book-cell book-${status}`}>
      <Link href={href} className="book-link">
        <span className={draft ? "numbers book-draft" : "numbers"}>
          {final_points ?? "—"}
          {draft && <span className="visually-hidden"> (draft)</span>}
        </span>
        <span className="book-status">
          {CELL_WORDS[status]}
          {final_points !== null && percent_off > 0 && `, −${percent_off} %`}
        </span>
      </Link>
    </td>
  );
}
