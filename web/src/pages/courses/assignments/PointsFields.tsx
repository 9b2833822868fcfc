/** The points of a grade: by the criteria of the rubric, if there is one, and in all. */
import type { Assignment, Grade } from "../../../api/assignments";
import { Field } from "../../../design/Field";
import { emptyWords, givenIn, ownPointsOf, sumOf, totalWords } from "./grade_change";

interface Props {
  assignment: Assignment;
  grade: Grade;
  /** What the form has by now; null before anything was typed. */
  typed: Readonly<Record<string, string>> | null;
  error: string | undefined;
}

export function PointsFields({ assignment, grade, typed, error }: Props) {
  const { rubric, points } = assignment;
  const field = {
    name: "points",
    type: "number",
    min: 0,
    max: points,
    step: 0.01,
    error,
    "data-testid": "grade-points",
  };
  if (rubric.length === 0)
    return <Field {...field} label={`Points, of ${points}`} defaultValue={grade.points ?? ""} />;
  const scores = new Map(grade.scores.map((score) => [score.id, score]));
  const given = typed === null ? grade : givenIn(rubric, grade, typed);
  return (
    <>
      {rubric.map(({ id, title, points: most }) => {
        const score = scores.get(id);
        const comment = typed?.[`comment-${id}`] ?? score?.comment ?? "";
        return (
          <fieldset key={id} className="form-part">
            <legend className="field-label">{title}</legend>
            <Field
              label={`Points, of ${most}`}
              name={`points-${id}`}
              type="number"
              // A comment is kept with its points.
              required={comment.trim() !== ""}
              min={0}
              max={most}
              step={0.01}
              defaultValue={score?.points ?? ""}
              data-testid={`score-${title}`}
            />
            <Field
              label="Comment"
              name={`comment-${id}`}
              maxLength={5000}
              autoComplete="off"
              defaultValue={score?.comment ?? ""}
            />
          </fieldset>
        );
      })}
      <Field
        {...field}
        label={`Points of your own, of ${points}`}
        hint={emptyWords(given)}
        placeholder={String(sumOf(given.scores) ?? "")}
        defaultValue={ownPointsOf(grade) ?? ""}
      />
      <p role="status">
        In all: <strong data-testid="grade-total">{totalWords(given, points)}</strong>
      </p>
    </>
  );
}
