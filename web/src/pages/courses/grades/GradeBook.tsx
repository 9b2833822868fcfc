/** Every student with every assignment and every quiz. */
import { useCallback, useState } from "react";
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
import { BookTable } from "./BookTable";
import { columnsOf, sortedRows } from "./grade_words";

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
  const columns = columnsOf(data?.items ?? []);
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
          Each assignment and each quiz is a column here.
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
          <BookTable columns={columns} rows={rows.slice(0, shown)} root={`/courses/${course.id}`} />
          {rows.length === 0 && <p className="soft book-none">Nobody is called that.</p>}
          {rows.length > shown && (
            <p className="list-more">
              <Button onClick={() => setShown(shown + ROWS)}>Show more</Button>
            </p>
          )}
          <p className="soft book-legend">
            <em>Italic</em>: what its student does not see, a draft or a result of a quiz that is not shown.
            “To date” is of what is graded, “overall” of everything. Both count what students do not see yet:
            where they are italic, the student's own page may say another figure.
          </p>
        </>
      )}
    </div>
  );
}
