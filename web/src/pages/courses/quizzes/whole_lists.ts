/** All quizzes of a course: where some were left out, nobody could find them. */
import { type Read, readFirst } from "../../../api/pages";
import type { Quiz, QuizzesApi } from "../../../api/quizzes";

/** A course has no more: the server refuses them. */
const MAX_QUIZZES = 1_000;

export const readQuizzes = (
  quizzes: Pick<QuizzesApi, "list">,
  course: string,
  signal: AbortSignal,
): Promise<Read<Quiz>> => readFirst(MAX_QUIZZES, (page) => quizzes.list(course, page, signal));
