import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import type { BookRow, QuizEntry } from "../../../api/assignments";
import { BookTable } from "./BookTable";
import { columnsOf } from "./grade_words";

function drawn(released: boolean, attempt_id: string | null = null): Element {
  const quiz = {
    attempt_id,
    quiz_id: "q",
    title: "Waves",
    status: "on_time",
    out_of: 5,
    points: 4,
    released,
  } as QuizEntry;
  const row = {
    user_id: "u",
    full_name: "Ada",
    email: "ada@school.example",
    entries: [],
    quizzes: [quiz],
    percent_to_date: 80,
    percent_overall: 40,
  } as BookRow;
  const book = document.createElement("div");
  book.innerHTML = renderToStaticMarkup(<BookTable columns={columnsOf([row])} rows={[row]} root="/c" />);
  return book;
}

const percentagesOf = (released: boolean): string[] =>
  [...drawn(released).querySelectorAll("td.numbers")].map((cell) => cell.textContent);

it("leads from a quiz's cell to the attempt, and to the quiz where there is none", () => {
  const linkOf = (attempt: string | null) =>
    drawn(true, attempt).querySelector(".book-link")?.getAttribute("href");
  expect(linkOf("a")).toBe("/c/quizzes?quiz=q&attempt=a");
  expect(linkOf(null)).toBe("/c/quizzes?quiz=q");
});

it("says at a percentage that it counts what its student does not see", () => {
  expect(percentagesOf(true)).toEqual(["80 %", "40 %"]);
  const unseen = "(with results that the student does not see yet)";
  expect(percentagesOf(false)).toEqual([`80 % ${unseen}`, `40 % ${unseen}`]);
});
