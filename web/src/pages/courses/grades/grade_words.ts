/** Grades in words and figures. */

import type { BookRow, Entry, QuizEntry, WorkStatus } from "../../../api/assignments";
import type { BadgeTone } from "../../../design/Badge";
import { plural } from "../../../format";

/** What a cell of the book says below the points. */
export const CELL_WORDS: Readonly<Record<WorkStatus, string>> = {
  on_time: "on time",
  late: "late",
  missing: "missing",
  floating: "not due yet",
};

/** The same of a quiz, which is taken and not handed in. */
export const QUIZ_CELL_WORDS: Readonly<Record<WorkStatus, string>> = {
  ...CELL_WORDS,
  on_time: "taken",
  floating: "not taken yet",
};

export const QUIZ_STATUSES: Readonly<Record<WorkStatus, { label: string; tone: BadgeTone }>> = {
  on_time: { label: "Taken", tone: "accent" },
  late: { label: "Taken late", tone: "warn" },
  missing: { label: "Missing", tone: "live" },
  floating: { label: "Not taken yet", tone: "neutral" },
};

/** An assignment or a quiz in the book; `least` and `most`: what it is out of, from one student to the next. */
export interface Column {
  kind: "assignment" | "quiz";
  id: string;
  title: string;
  least: number;
  most: number;
}

/** Assignments from the oldest on and quizzes behind them, as in the file. */
export function columnsOf(rows: readonly BookRow[]): Column[] {
  const first = rows[0];
  if (first === undefined) return [];
  const worth = new Map<string, number[]>();
  for (const { quiz_id, out_of } of rows.flatMap(({ quizzes }) => quizzes)) {
    const [least = out_of, most = out_of] = worth.get(quiz_id) ?? [];
    worth.set(quiz_id, [Math.min(least, out_of), Math.max(most, out_of)]);
  }
  const tasks = first.entries.map(
    ({ assignment_id: id, title, out_of }): Column => ({
      kind: "assignment",
      id,
      title,
      least: out_of,
      most: out_of,
    }),
  );
  const quizzes = first.quizzes.map(({ quiz_id: id, title, out_of }): Column => {
    const [least = out_of, most = out_of] = worth.get(id) ?? [];
    return { kind: "quiz", id, title, least, most };
  });
  return [...tasks.reverse(), ...quizzes.reverse()];
}

/** "of 10", "quiz, of 4 to 6" */
export function outOf({ kind, least, most }: Column): string {
  const range = least === most ? `of ${least}` : `of ${least} to ${most}`;
  return kind === "quiz" ? `quiz, ${range}` : range;
}

/** Of one's own quiz: "4.5 of 6 points", or why there are none. */
export function quizPointsOf({ status, points, out_of }: QuizEntry): string {
  if (points !== null) return `${points} of ${plural(out_of, "point", "points")}`;
  return status === "on_time" ? "Its result is not shown" : plural(out_of, "point", "points");
}

/** A quiz among assignments: nothing is taken off. */
export const asGraded = ({ out_of, points }: QuizEntry): Pick<Entry, "out_of" | "final_points"> => ({
  out_of,
  final_points: points,
});

/** Whether a student's percentages count what they do not see: to them they are others. */
export const countsUnseen = ({ entries, quizzes }: Pick<BookRow, "entries" | "quizzes">): boolean =>
  entries.some(({ final_points, released }) => final_points !== null && !released) ||
  quizzes.some(({ points, released }) => points !== null && !released);

/** "62.5 %", "—" where nothing is graded. */
export const percentOf = (percent: number | null): string => (percent === null ? "—" : `${percent} %`);

/** What a student has of what is graded, and of everything; rounded down to a tenth, as the grade book does. */
export function reachedOf(entries: readonly Pick<Entry, "out_of" | "final_points">[]): {
  to_date: number | null;
  overall: number | null;
  points: number;
  out_of: number;
} {
  const graded = entries.filter(({ final_points }) => final_points !== null);
  const cents = (all: typeof entries, of: (one: (typeof entries)[number]) => number) =>
    all.reduce((sum, one) => sum + Math.round(of(one) * 100), 0);
  const got = cents(graded, ({ final_points }) => final_points ?? 0);
  const percent = (all: typeof entries) => {
    const most = cents(all, ({ out_of }) => out_of);
    return most === 0 ? null : Math.floor((got * 1000) / most) / 10;
  };
  return {
    to_date: percent(graded),
    overall: percent(entries),
    points: got / 100,
    out_of: cents(graded, ({ out_of }) => out_of) / 100,
  };
}
