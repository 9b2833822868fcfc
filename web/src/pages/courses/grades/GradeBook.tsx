/** Every student with every assignment and every quiz. */
import { useCallback, useEffect, useState } from "react";
import { readFirst } from "../../../api/pages";
import { Button } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { useLoaded } from "../../../hooks/useLoaded";
import { useSettled } from "../../../hooks/useSettled";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { saveFile } from "../../save_file";
import { useCourse } from "../useCourse";
import { BookTable } from "./BookTable";
import { type Column, columnsOf } from "./grade_words";

const FRESH_MS = 30_000;
const LONG_FRESH_MS = 120_000;
/** So many students are read at first: each has all assignments and all quizzes. */
const ROWS = 50;

export function GradeBook() {
  const { course } = useCourse();
  const { assignments } = useApi();
  const [typed, setTyped] = useState("");
  const q = useSettled(typed.trim());
  const [shown, setShown] = useState(ROWS);
  const load = useCallback(
    async (signal: AbortSignal) => {
      const read = await readFirst(
        shown,
        (page) => assignments.book(course.id, { ...page, ...(q && { q }) }, signal),
        ROWS,
      );
      return { ...read, q };
    },
    [assignments, course.id, q, shown],
  );
  const { data, error } = useLoaded(load, shown > ROWS ? LONG_FRESH_MS : FRESH_MS);
  const [known, setKnown] = useState<Column[]>([]);
  const task = useTask();
  const save = () =>
    void task.run(async () => saveFile(await assignments.exportBook(course.id), "grades.csv"));
  const rows = data?.items ?? [];
  const columns = rows.length > 0 ? columnsOf(rows) : known;
  useEffect(() => {
    if (data && data.items.length > 0) setKnown(columnsOf(data.items));
  }, [data]);
  const nobody = data !== null && data.q === "" && rows.length === 0;
  return (
    <div>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the grade book" />}
      {nobody && (
        <EmptyState icon="users" title="No students yet">
          Who takes part is listed here with what they have reached.
        </EmptyState>
      )}
      {rows.length > 0 && columns.length === 0 && (
        <EmptyState icon="edit" title="Nothing to be graded yet">
          Each assignment and each quiz is a column here.
        </EmptyState>
      )}
      {!nobody && columns.length > 0 && (
        <>
          <div className="course-tools">
            <SearchInput label="Find a student" value={typed} onChange={setTyped} testId="find-student" />
            <Button icon="download" busy={task.busy} onClick={save} data-testid="export-grades">
              Save as CSV
            </Button>
          </div>
          <BookTable columns={columns} rows={rows} root={`/courses/${course.id}`} />
          {rows.length === 0 && <p className="soft book-none">Nobody is called that.</p>}
          {data?.more && (
            <p className="list-more">
              <Button
                busy={data.asked < shown}
                onClick={() => setShown(data.asked + ROWS)}
                data-testid="more-students"
              >
                Show more
              </Button>
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
