/** All questions and all quizzes of a course: where some were left out, nobody could find them. */
import { type Read, readFirst } from "../../../api/pages";
import type { Question, Quiz, QuizzesApi } from "../../../api/quizzes";

/** A course has no more: the server refuses them. */
const MAX_QUESTIONS = 10_000;
const MAX_QUIZZES = 1_000;

export const readQuestions = (
  quizzes: Pick<QuizzesApi, "questions">,
  course: string,
  retired: boolean,
  signal: AbortSignal,
): Promise<Read<Question>> =>
  readFirst(MAX_QUESTIONS, (page) => quizzes.questions(course, { ...page, retired }, signal));

export const readQuizzes = (
  quizzes: Pick<QuizzesApi, "list">,
  course: string,
  signal: AbortSignal,
): Promise<Read<Quiz>> => readFirst(MAX_QUIZZES, (page) => quizzes.list(course, page, signal));
