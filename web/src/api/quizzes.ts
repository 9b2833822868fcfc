/** Banks of questions, quizzes made of them, and attempts at those. */
import { changeVersioned, coursePath, readVersioned } from "./courses";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export type QuestionKind = "single" | "multiple" | "numeric" | "text";
export type ToleranceKind = "absolute" | "relative";

export interface Choice {
  id: string;
  text: string;
  right: boolean;
}

export interface Question {
  id: string;
  course_id: string;
  kind: QuestionKind;
  text: string;
  points: number;
  feedback: string;
  tags: string[];
  /** Asked no more. */
  retired_at: string | null;
  choices: Choice[] | null;
  value: number | null;
  /** `relative`: a part of the value. */
  tolerance: number | null;
  tolerance_kind: ToleranceKind | null;
  accepted: string[] | null;
  ignore_case: boolean | null;
  ignore_space: boolean | null;
  ignore_form: boolean | null;
}

export interface QuestionChange {
  text?: string;
  points?: number;
  feedback?: string;
  tags?: string[];
  retired?: boolean;
  choices?: { id?: string; text: string; right: boolean }[];
  value?: number;
  tolerance?: number;
  tolerance_kind?: ToleranceKind;
  accepted?: string[];
  ignore_case?: boolean;
  ignore_space?: boolean;
}

export type NewQuestion = QuestionChange & { kind: QuestionKind; text: string };

/** One question by its id, or so many drawn from a tag. */
export interface Part {
  question_id: string | null;
  tag: string | null;
  count: number;
}

export type ResultsRule = "at_once" | "after_closing" | "never";
export type CountsRule = "best" | "last" | "average";

export interface Quiz {
  id: string;
  course_id: string;
  title: string;
  description: string;
  published: boolean;
  opens_at: string | null;
  closes_at: string | null;
  time_limit_minutes: number | null;
  attempts_allowed: number | null;
  shuffle_questions: boolean;
  shuffle_choices: boolean;
  results: ResultsRule;
  counts: CountsRule;
  partial_credit: boolean;
  /** Null for students. */
  parts: Part[] | null;
}

export type QuizChange = Partial<Omit<Quiz, "id" | "course_id" | "parts">> & {
  parts?: Partial<Part>[];
};

/** What was answered: `choices`, `value` or `text`, as the question's kind wants it. */
export interface Answer {
  choices?: string[] | null;
  value?: number | null;
  text?: string | null;
}

export interface Given {
  question_id: string;
  kind: QuestionKind;
  text: string;
  max_points: number;
  choices: { id: string; text: string; right: boolean | null }[] | null;
  answer: Answer | null;
  version: number;
  saved_at: string | null;
  points: number | null;
  override_points: number | null;
  feedback: string | null;
  /** Of numbers and texts: what is right, once that is shown. */
  solution: {
    value?: number;
    tolerance?: number;
    tolerance_kind?: ToleranceKind;
    accepted?: string[];
  } | null;
}

export interface Attempt {
  id: string;
  quiz_id: string;
  user_id: string;
  full_name: string;
  number: number;
  begun_at: string;
  /** By itself; by the clock of the server. */
  ends_at: string | null;
  ended_at: string | null;
  ended_by: "student" | "time" | null;
  /** Null until results are shown. */
  points: number | null;
  max_points: number;
}

export interface Override {
  id: string;
  question_id: string;
  points: number | null;
  reason: string;
  created_at: string;
}

export interface FullAttempt extends Attempt {
  results_shown: boolean;
  questions: Given[];
  overrides: Override[];
}

/** An attempt with how much later it is by the server's clock. */
export interface TimedAttempt {
  attempt: FullAttempt;
  ahead_ms: number;
}

export interface ExtraTime {
  user_id: string;
  full_name: string;
  minutes: number;
}

interface PageWish {
  limit: number;
  cursor: string | undefined;
}

/** `counts`: of all, on the first page that staff read. */
export type AttemptPage = Page<Attempt> & {
  counts: { people: number; attempts: number; ended: number } | null;
};

/**
 * On the first page, `tags`: all that questions of the bank have, `tag_counts`: of how many that are asked still.
 */
export type QuestionPage = Page<Question> & {
  tags: string[] | null;
  tag_counts: Record<string, number> | null;
};

export interface QuestionFilter extends PageWish {
  /** Words of its text, or of a tag. */
  q?: string | undefined;
  /** Those that a quiz asks by name. */
  quiz_id?: string | undefined;
  tag?: string | undefined;
  kind?: QuestionKind | undefined;
  retired?: boolean | undefined;
}

/** How much later it is elsewhere, by an answer's Date header; 0 where it has none. */
export function aheadBy(date: string | null, now_ms: number): number {
  const then_ms = Date.parse(date ?? "");
  // It says whole seconds: on average half a second of it has gone by.
  return Number.isNaN(then_ms) ? 0 : then_ms + 500 - now_ms;
}

export function quizzesApi(http: HttpClient) {
  const questions = (course: string, ...rest: string[]) => coursePath(course, "questions", ...rest);
  const path = (course: string, ...rest: string[]) => coursePath(course, "quizzes", ...rest);
  const timed = async (method: string, where: string, signal?: AbortSignal): Promise<TimedAttempt> => {
    const { body, headers } = await http.exchange<FullAttempt>(method, where, { ...(signal && { signal }) });
    return { attempt: body, ahead_ms: aheadBy(headers.get("Date"), Date.now()) };
  };
  return {
    questions: (course: string, { retired, ...filter }: QuestionFilter, signal?: AbortSignal) =>
      http.json<QuestionPage>(
        "GET",
        withQuery(questions(course), { ...(retired && { retired: "true" }), ...filter }),
        undefined,
        signal,
      ),
    question: (course: string, id: string, signal?: AbortSignal) =>
      readVersioned<Question>(http, questions(course, id), signal),
    addQuestion: (course: string, wish: NewQuestion) => http.json<Question>("POST", questions(course), wish),
    changeQuestion: (course: string, id: string, wish: QuestionChange, etag?: string | null) =>
      changeVersioned<Question>(http, questions(course, id), wish, etag),
    deleteQuestion: (course: string, id: string) => http.json<unknown>("DELETE", questions(course, id)),
    list: (course: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<Quiz>>("GET", withQuery(path(course), { ...page }), undefined, signal),
    get: (course: string, id: string, signal?: AbortSignal) =>
      readVersioned<Quiz>(http, path(course, id), signal),
    add: (course: string, wish: QuizChange) => http.json<Quiz>("POST", path(course), wish),
    change: (course: string, id: string, wish: QuizChange, etag?: string | null) =>
      changeVersioned<Quiz>(http, path(course, id), wish, etag),
    delete: (course: string, id: string) => http.json<unknown>("DELETE", path(course, id)),
    regrade: (course: string, id: string) =>
      http.json<{ attempts: number; changed: number }>("POST", path(course, id, "regrade")),
    exportResults: (course: string) => http.download(coursePath(course, "quiz-results", "export")),
    extraTime: (course: string, id: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<ExtraTime>>(
        "GET",
        withQuery(path(course, id, "extra-time"), { ...page }),
        undefined,
        signal,
      ),
    giveTime: (course: string, id: string, user: string, minutes: number) =>
      http.json<ExtraTime>("PUT", path(course, id, "extra-time", user), { minutes }),
    attempts: (course: string, id: string, page: PageWish, signal?: AbortSignal) =>
      http.json<AttemptPage>("GET", withQuery(path(course, id, "attempts"), { ...page }), undefined, signal),
    begin: (course: string, id: string) => timed("POST", path(course, id, "attempts")),
    attempt: (course: string, id: string, one: string, signal?: AbortSignal) =>
      timed("GET", path(course, id, "attempts", one), signal),
    save: (
      course: string,
      id: string,
      one: string,
      question: string,
      answer: Answer | null,
      version: number,
    ) => http.json<Given>("PUT", path(course, id, "attempts", one, "answers", question), { answer, version }),
    end: (course: string, id: string, one: string) => timed("POST", path(course, id, "attempts", one, "end")),
    givePoints: (
      course: string,
      id: string,
      one: string,
      question: string,
      points: number | null,
      reason: string,
    ) =>
      http.json<FullAttempt>("PUT", path(course, id, "attempts", one, "points", question), {
        points,
        reason,
      }),
  };
}

export type QuizzesApi = ReturnType<typeof quizzesApi>;
