import { expect, it } from "vitest";
import { HttpClient } from "../../../api/http";
import { quizzesApi } from "../../../api/quizzes";
import { readQuestions, readQuizzes } from "./whole_lists";

/** A course with so many of whatever is asked for, in pages as the server gives them. */
function courseOf(total: number) {
  const asked: URL[] = [];
  const http = new HttpClient(async (input) => {
    const url = new URL(String(input), "http://here");
    asked.push(url);
    const start = Number(url.searchParams.get("cursor") ?? 0);
    const end = Math.min(total, start + Number(url.searchParams.get("limit")));
    const items = Array.from({ length: end - start }, (_, index) => ({ id: String(start + index) }));
    return new Response(JSON.stringify({ items, next_cursor: end < total ? String(end) : null }), {
      headers: { "Content-Type": "application/json" },
    });
  });
  return { asked, quizzes: quizzesApi(http) };
}

const { signal } = new AbortController();

it("reads every question that a bank may hold, the retired ones where they are wanted", async () => {
  const { asked, quizzes } = courseOf(10_000);
  const { items, more } = await readQuestions(quizzes, "c", true, signal);
  expect([items.length, new Set(items.map(({ id }) => id)).size, more]).toEqual([10_000, 10_000, false]);
  expect(asked.every((url) => url.searchParams.get("retired") === "true")).toBe(true);
});

it("reads every quiz that a course may have", async () => {
  const { asked, quizzes } = courseOf(1_000);
  const { items, more } = await readQuizzes(quizzes, "c", signal);
  expect([items.length, more, asked.length]).toEqual([1_000, false, 5]);
});
