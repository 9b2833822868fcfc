import { expect, it } from "vitest";
import type { BookRow, QuizEntry } from "../../../api/assignments";
import { asGraded, columnsOf, countsUnseen, outOf, percentOf, quizPointsOf, reachedOf } from "./grade_words";

const quiz = (quiz_id: string, wish: Partial<QuizEntry> = {}): QuizEntry => ({
  quiz_id,
  title: `Quiz ${quiz_id}`,
  status: "on_time",
  ended_at: null,
  out_of: 5,
  points: 4,
  released: true,
  attempt_id: null,
  ...wish,
});

it("says what is reached of what is graded, and of everything, and never rounds up", () => {
  const entries = [
    { out_of: 3, final_points: 2 },
    { out_of: 10, final_points: null },
    { out_of: 0.1, final_points: 0.1 },
  ];
  expect(reachedOf(entries)).toEqual({ to_date: 67.7, overall: 16, points: 2.1, out_of: 3.1 });
  expect(reachedOf([{ out_of: 10, final_points: null }]).to_date).toBeNull();
  expect(reachedOf([])).toEqual({ to_date: null, overall: null, points: 0, out_of: 0 });
  expect([percentOf(62.5), percentOf(null)]).toEqual(["62.5 %", "—"]);
});

it("puts quizzes behind assignments, the oldest first, and says where they are worth more to some", () => {
  const entries = [
    { assignment_id: "b", title: "Essay", out_of: 10 },
    { assignment_id: "a", title: "Sheet", out_of: 4 },
  ];
  const row = (...quizzes: QuizEntry[]) => ({ entries, quizzes }) as unknown as BookRow;
  const columns = columnsOf([
    row(quiz("z"), quiz("y")),
    row(quiz("z", { out_of: 7 }), quiz("y")),
    row(quiz("z", { out_of: 6 }), quiz("y")),
  ]);
  expect(columns.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    "assignment a",
    "assignment b",
    "quiz y",
    "quiz z",
  ]);
  expect(columns.map(outOf)).toEqual(["of 4", "of 10", "quiz, of 5", "quiz, of 5 to 7"]);
  expect(columnsOf([])).toEqual([]);
});

it("counts quizzes among what is reached, and says why one has no points", () => {
  const graded = [
    { out_of: 10, final_points: 5 },
    asGraded(quiz("a")),
    asGraded(quiz("b", { points: null })),
  ];
  expect(reachedOf(graded)).toEqual({ to_date: 60, overall: 45, points: 9, out_of: 15 });
  expect(quizPointsOf(quiz("a", { points: 4.5 }))).toBe("4.5 of 5 points");
  expect(quizPointsOf(quiz("a", { points: null }))).toBe("Its result is not shown");
  expect(quizPointsOf(quiz("a", { points: null, status: "missing" }))).toBe("5 points");
});

it("knows whose percentages count what they do not see", () => {
  const row = (final_points: number | null, released: boolean, ...quizzes: QuizEntry[]) =>
    countsUnseen({ entries: [{ final_points, released }], quizzes } as unknown as BookRow);
  expect([row(3, true, quiz("a")), row(null, false, quiz("a", { points: null, released: false }))]).toEqual([
    false,
    false,
  ]);
  expect([row(3, false), row(3, true, quiz("a", { released: false }))]).toEqual([true, true]);
});
