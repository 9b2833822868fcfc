/** A grade as its form has it, and what of it is sent: what was changed there, and no more. */
import type { Criterion, Grade, GradeChange, Score } from "../../../api/assignments";
import { plural } from "../../../format";

type Values = Readonly<Record<string, string>>;
type Given = Pick<Grade, "points" | "scores">;

/** What the criteria give together; null where none gives anything. In hundredths, as the server adds them. */
export const sumOf = (scores: readonly Pick<Score, "points">[]): number | null =>
  scores.length === 0 ? null : scores.reduce((all, { points }) => all + Math.round(points * 100), 0) / 100;

/** Points that are not the rubric's sum: a teacher's judgement may differ from it. Null: there are none. */
export const ownPointsOf = ({ points, scores }: Given): number | null =>
  points === sumOf(scores) ? null : points;

/** A stored comment as a field of one line shows it. */
const inOneLine = (comment: string): string => comment.replace(/[\r\n]/g, "").trim();
/** A stored text as a field of several lines shows it. */
const inLines = (text: string): string => text.replace(/\r\n?/g, "\n").trim();

const numberOf = (text: string | undefined): number | null => (text ? Number(text) : null);

/** The criteria that have points in the form; as they are stored where nothing else was typed. */
function scoresIn(rubric: readonly Criterion[], { scores }: Given, values: Values): Score[] {
  return rubric.flatMap(({ id }): Score[] => {
    const points = numberOf(values[`points-${id}`]);
    if (points === null) return [];
    const comment = (values[`comment-${id}`] ?? "").trim();
    const stored = scores.find((score) => score.id === id);
    const same = stored?.points === points && inOneLine(stored.comment) === comment;
    return [same ? stored : { id, points, comment }];
  });
}

/**
 * Points and scores as the form says them. Its field `points` has those of the teacher's own beside a rubric; as it is
 * empty, the rubric's sum counts. As they are stored where nothing was touched.
 */
export function givenIn(rubric: readonly Criterion[], stored: Given, values: Values): Given {
  const scores = scoresIn(rubric, stored, values);
  const own = numberOf(values.points);
  const same =
    own === ownPointsOf(stored) &&
    scores.length === stored.scores.length &&
    scores.every((score) => stored.scores.includes(score));
  return same ? stored : { points: own ?? sumOf(scores), scores };
}

/** What is to be different. `whole`: all that the form has, as it is to stand over what others have written. */
export function changeOf(
  rubric: readonly Criterion[],
  stored: Grade,
  values: Values,
  whole: boolean,
): GradeChange {
  const forGroup = values.for_group === "on";
  const forNewest = values.for_newest === "on";
  const given = givenIn(rubric, stored, values);
  const feedback = (values.feedback ?? "").trim();
  // A group's other grades, and points for another attempt, have to be told what they are.
  const all = whole || forGroup;
  return {
    ...((all || forNewest || given !== stored) && {
      points: given.points,
      ...(rubric.length > 0 && { scores: given.scores }),
    }),
    ...((all || feedback !== inLines(stored.feedback)) && { feedback }),
    ...(forGroup && { for_group: true, files_for_group: true }),
    ...(forNewest && { for_newest: true }),
  };
}

/** "85 of 100 points. The rubric gives 80." */
export function totalWords(given: Given, out_of: number): string {
  const sum = sumOf(given.scores);
  const total =
    given.points === null ? "No points yet." : `${given.points} of ${plural(out_of, "point", "points")}.`;
  if (given.points === sum) return total;
  return `${total} The rubric gives ${sum ?? "nothing"}.`;
}

/** What it means that there are no points of one's own. Scores may be stored without any points, which stay away. */
export const emptyWords = ({ points, scores }: Given): string =>
  points === null && scores.length > 0
    ? "Empty, there are no points yet: type them here, or change a criterion."
    : "Empty, the rubric’s sum counts.";
