/** Quizzes, questions and what was reached in words, and what was typed as numbers and lists. */
import type {
  Answer,
  Attempt,
  CountsRule,
  Given,
  QuestionKind,
  Quiz,
  ResultsRule,
} from "../../../api/quizzes";
import { momentWithin, plural } from "../../../format";

export const KIND_WORDS: Readonly<Record<QuestionKind, string>> = {
  single: "One choice",
  multiple: "Several choices",
  numeric: "A number",
  text: "A short text",
};

export const RESULTS_WORDS: Readonly<Record<ResultsRule, string>> = {
  at_once: "as soon as they have ended",
  after_closing: "when the quiz has closed",
  never: "never",
};

export const COUNTS_WORDS: Readonly<Record<CountsRule, string>> = {
  best: "the best one",
  last: "the last one",
  average: "their average",
};

/** Points of how many. */
type Reached = Pick<Attempt, "points" | "max_points">;

type Times = Pick<Quiz, "opens_at" | "closes_at">;

export type Door = "early" | "open" | "closed";

/** Extra time is the server's business: it says so when somebody begins. */
export function doorOf({ opens_at, closes_at }: Times, now_ms: number): Door {
  if (opens_at !== null && now_ms < Date.parse(opens_at)) return "early";
  return closes_at !== null && now_ms >= Date.parse(closes_at) ? "closed" : "open";
}

/** Whether it is closed at once by a closing time that was another one, or none. */
export const closesAtOnce = (closes_at: string | null, was: string | null, now_ms: number): boolean =>
  closes_at !== null &&
  Date.parse(closes_at) <= now_ms &&
  (was === null || Date.parse(closes_at) < Date.parse(was));

/** "Closes tomorrow, 08:00" */
export function timesOf(quiz: Times, now_ms: number): string {
  const door = doorOf(quiz, now_ms);
  if (door === "early") return `Opens ${momentWithin(quiz.opens_at ?? "")}`;
  if (quiz.closes_at === null) return "Open";
  return `${door === "closed" ? "Closed" : "Closes"} ${momentWithin(quiz.closes_at)}`;
}

/** "20 minutes", "No time limit" */
export const limitOf = ({ time_limit_minutes }: Pick<Quiz, "time_limit_minutes">): string =>
  time_limit_minutes === null ? "No time limit" : plural(time_limit_minutes, "minute", "minutes");

/** "One attempt", "3 attempts, the best one counts" */
export function attemptsOf({ attempts_allowed, counts }: Pick<Quiz, "attempts_allowed" | "counts">): string {
  if (attempts_allowed === 1) return "One attempt";
  const many = attempts_allowed === null ? "Any number of attempts" : `${attempts_allowed} attempts`;
  return `${many}, ${COUNTS_WORDS[counts]} counts`;
}

/** "4.5 of 6 points" */
export const reachedIn = ({ points, max_points }: Reached): string =>
  points === null ? "" : `${points} of ${plural(max_points, "point", "points")}`;

/** What an answer is worth, by hand where somebody has said so. */
export const worthOf = ({ points, override_points }: Pick<Given, "points" | "override_points">) =>
  override_points ?? points;

/** Whether something was answered. */
export const isAnswered = ({ answer }: Pick<Given, "answer">): boolean =>
  answer !== null && (answer.choices ? answer.choices.length > 0 : true);

/**
 * What counts of several, as the server counts it: of those that have ended and are shown. Questions that are drawn
 * are worth more or less from one attempt to the next, so that what it is out of is that of the attempts that count.
 */
export function countedOf(attempts: readonly Attempt[], rule: CountsRule): Reached | null {
  const ended = attempts.filter(({ points }) => points !== null).sort((a, b) => a.number - b.number);
  const last = ended.at(-1);
  if (last === undefined) return null;
  const reached = ({ points }: Attempt) => points ?? 0;
  if (rule === "average") {
    return { points: meanOf(ended.map(reached)), max_points: meanOf(ended.map((one) => one.max_points)) };
  }
  const counts = rule === "last" ? last : ended.reduce((a, b) => (reached(b) > reached(a) ? b : a));
  return { points: counts.points, max_points: counts.max_points };
}

/** To four places, as the server tells points. */
const PLACES = 10_000;

/** Of numbers of four places at most: the sum is one of whole numbers. */
function meanOf(numbers: readonly number[]): number {
  const sum = numbers.reduce((all, one) => all + Math.round(one * PLACES), 0);
  return Math.round(sum / numbers.length) / PLACES;
}

/** A number as it is typed, without what only groups its digits. */
const ungrouped = (text: string): string => text.replace(/[\s\u00a0\u202f']/g, "").replace("−", "-");

/** "1,000": a thousand where the comma groups digits, and one where it is the decimal point. */
const AMBIGUOUS = /^[+-]?[1-9]\d{0,2},\d{3}(e[+-]?\d+)?$/i;

/** Whether what was typed is one number to some who write so, and another to others. */
const isAmbiguous = (text: string): boolean => AMBIGUOUS.test(ungrouped(text));

/** A number as people write it, with a point or a comma; null for what is none, or may be another. */
export function numberOf(text: string): number | null {
  if (isAmbiguous(text)) return null;
  const plain = ungrouped(text).replace(",", ".");
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

/** What was typed, as an answer; none where a number is asked for and it is none: that of its beginning counts nothing. */
export function typedAnswer(kind: QuestionKind, text: string): Answer | null {
  if (text.trim() === "") return null;
  if (kind !== "numeric") return { text };
  const value = numberOf(text);
  return value === null ? null : { value };
}

/** What to do about what is no number. */
export function whyNoNumber(text: string): string {
  if (!isAmbiguous(text)) return "Write a number, like 9.81.";
  const plain = ungrouped(text);
  return `Is this ${plain.replace(",", "")} or ${plain.replace(",", ".")}? Write it so, without the comma.`;
}

/** How a number was understood, where it was not typed as it is stored: "Read as 1000." */
export function readAs(text: string): string | undefined {
  const number = numberOf(text);
  return number === null || String(number) === text.trim() ? undefined : `Read as ${number}.`;
}

/** What was typed between commas, each once. */
export const listOf = (text: string, between: RegExp | string = ","): string[] => [
  ...new Set(
    text
      .split(between)
      .map((one) => one.trim())
      .filter(Boolean),
  ),
];

/** The first words of a question, for lists. */
export function briefly(text: string, most = 90): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length <= most ? line : `${line.slice(0, most - 1).trimEnd()}…`;
}
