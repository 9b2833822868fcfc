import { expect, it } from "vitest";
import { HttpClient } from "../../../api/http";
import { quizzesApi } from "../../../api/quizzes";
import { readQuizzes } from "./whole_lists";

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

it("reads every quiz that a course may have", async () => {
  const { asked, quizzes } = courseOf(1_000);
  const { items, more } = await readQuizzes(quizzes, "c", signal);
  expect([items.length, more, asked.length]).toEqual([1_000, false, 5]);
});
