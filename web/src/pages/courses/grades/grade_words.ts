/** Grades in words and figures. */
import type { BookRow, Entry, WorkStatus } from "../../../api/assignments";

/** What a cell of the book says below the points. */
export const CELL_WORDS: Readonly<Record<WorkStatus, string>> = {
  on_time: "on time",
  late: "late",
  missing: "missing",
  floating: "not due yet",
};

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

/** Those whose name or address has what was typed, by name. */
export function sortedRows(rows: readonly BookRow[], typed: string, locale?: string): BookRow[] {
  const wanted = typed.trim().toLocaleLowerCase(locale);
  const fits = ({ full_name, email }: BookRow) =>
    `${full_name}\n${email}`.toLocaleLowerCase(locale).includes(wanted);
  return rows.filter(fits).sort((a, b) => a.full_name.localeCompare(b.full_name, locale));
}
