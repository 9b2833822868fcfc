/** The grade book as a table that scrolls within itself: cells lead to the grading, or to the quiz. */
import { Link } from "wouter";
import type { BookRow, Entry, QuizEntry } from "../../../api/assignments";
import { CELL_WORDS, type Column, countsUnseen, outOf, percentOf, QUIZ_CELL_WORDS } from "./grade_words";

/** `root`: the course's page. */
export function BookTable({
  columns,
  rows,
  root,
}: {
  columns: readonly Column[];
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
            {columns.map((column) => (
              <th key={column.id} scope="col">
                <Link href={pathOf(column, root)} className="book-title" title={column.title}>
                  {column.title}
                </Link>
                <span className="book-out-of">{outOf(column)}</span>
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
              <Percent percent={row.percent_to_date} unseen={countsUnseen(row)} />
              <Percent percent={row.percent_overall} unseen={countsUnseen(row)} />
              {columns.map((column) => (
                <CellOf key={column.id} column={column} row={row} root={root} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** `unseen`: it counts what its student does not see. */
function Percent({ percent, unseen }: { percent: number | null; unseen: boolean }) {
  if (!unseen) return <td className="numbers">{percentOf(percent)}</td>;
  return (
    <td className="numbers" title={UNSEEN}>
      <span className="book-draft">{percentOf(percent)}</span>
      <span className="visually-hidden"> ({UNSEEN})</span>
    </td>
  );
}

const UNSEEN = "with results that the student does not see yet";

const pathOf = ({ kind, id }: Column, root: string): string =>
  kind === "quiz" ? `${root}/quizzes?quiz=${id}` : `${root}/assignments?assignment=${id}`;

function CellOf({ column, row, root }: { column: Column; row: BookRow; root: string }) {
  const path = pathOf(column, root);
  if (column.kind === "quiz") {
    const quiz = row.quizzes.find(({ quiz_id }) => quiz_id === column.id);
    if (!quiz) return <td />;
    const href = quiz.attempt_id ? `${path}&attempt=${quiz.attempt_id}` : path;
    return <QuizCell entry={quiz} column={column} href={href} />;
  }
  const entry = row.entries.find(({ assignment_id }) => assignment_id === column.id);
  return entry ? <TaskCell entry={entry} href={`${path}&student=${row.user_id}`} /> : <td />;
}

function TaskCell({ entry, href }: { entry: Entry; href: string }) {
  const { final_points, released, status, percent_off } = entry;
  const off = final_points !== null && percent_off > 0 ? `, −${percent_off} %` : "";
  return (
    <Cell
      href={href}
      status={status}
      points={final_points}
      unseen={released ? "" : "draft"}
      words={`${CELL_WORDS[status]}${off}`}
    />
  );
}

function QuizCell({ entry, column, href }: { entry: QuizEntry; column: Column; href: string }) {
  const { points, released, status, out_of } = entry;
  const own = points !== null && column.least !== column.most ? `, of ${out_of}` : "";
  return (
    <Cell
      href={href}
      status={status}
      points={points}
      unseen={released ? "" : "not shown"}
      words={`${QUIZ_CELL_WORDS[status]}${own}`}
    />
  );
}

function Cell({
  href,
  status,
  points,
  unseen,
  words,
}: {
  href: string;
  status: Entry["status"];
  points: number | null;
  /** Why its student does not see the points; empty where they do. */
  unseen: string;
  words: string;
}) {
  const draft = points !== null && unseen !== "";
  return (
    <td className={`book-cell book-${status}`}>
      <Link href={href} className="book-link">
        <span className={draft ? "numbers book-draft" : "numbers"}>
          {points ?? "—"}
          {draft && <span className="visually-hidden"> ({unseen})</span>}
        </span>
        <span className="book-status">{words}</span>
      </Link>
    </td>
  );
}
