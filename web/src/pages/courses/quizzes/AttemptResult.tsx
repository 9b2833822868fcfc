/** What came of an attempt: as its student may see it, and for staff with points by hand. */
import { useState } from "react";
import type { FullAttempt, Given, Quiz } from "../../../api/quizzes";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { Dialog } from "../../../design/Dialog";
import { Field } from "../../../design/Field";
import { Icon } from "../../../design/Icon";
import { Notice } from "../../../design/Notice";
import { moment, momentWithin, plural } from "../../../format";
import { useForm } from "../../../hooks/useForm";
import { useApi } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import { FormEnds } from "../../Submit";
import { useCourse } from "../useCourse";
import { reachedIn, worthOf } from "./quiz_words";

interface ResultProps {
  quiz: Quiz;
  attempt: FullAttempt;
  onChanged: (attempt: FullAttempt) => void;
}

export function AttemptResult({ quiz, attempt, onChanged }: ResultProps) {
  const { course, staff } = useCourse();
  const { number, full_name, ended_at, ended_by, results_shown, questions, overrides } = attempt;
  const byHand = staff && ended_at !== null && course.status !== "archived";
  return (
    <div className="attempt-result" data-testid="attempt-result">
      <div className="course-part-head">
        <h2>{staff ? `${full_name}, attempt ${number}` : `Attempt ${number}`}</h2>
        {results_shown && ended_at !== null && (
          <strong className="quiz-reached" data-testid="reached-points">
            {reachedIn(attempt)}
          </strong>
        )}
      </div>
      <p className="soft">
        {ended_at === null
          ? "It goes on."
          : `Ended ${momentWithin(ended_at)}${ended_by === "time" ? ", when the time was over" : ""}.`}
      </p>
      {!results_shown && ended_at !== null && (
        <Notice tone="info" title="Your answers are handed in" testId="no-results">
          {whenShown(quiz)}
        </Notice>
      )}
      <ol className="quiz-questions">
        {questions.map((given, index) => (
          <li key={given.question_id}>
            <Result given={given} number={index + 1} shown={results_shown && ended_at !== null}>
              {overrides
                .filter(({ question_id }) => question_id === given.question_id)
                .map(({ id, points, reason, created_at }) => (
                  <p key={id} className="soft quiz-hint">
                    {points === null ? "By rule again" : plural(points, "point", "points")}, by hand: {reason}{" "}
                    ({moment(created_at)})
                  </p>
                ))}
              {byHand && <ByHand quiz={quiz} attempt={attempt} given={given} onChanged={onChanged} />}
            </Result>
          </li>
        ))}
      </ol>
    </div>
  );
}

function whenShown({ results, closes_at }: Quiz): string {
  if (results === "never") return "This quiz shows no results here.";
  return closes_at === null
    ? "Its results are shown when your teacher closes it."
    : `Points and what was right are shown when the quiz has closed for everybody: not before ${momentWithin(closes_at)}.`;
}

function Result({
  given,
  number,
  shown,
  children,
}: {
  given: Given;
  number: number;
  shown: boolean;
  children: React.ReactNode;
}) {
  const worth = worthOf(given);
  const tone = worth === null || worth === 0 ? "live" : worth < given.max_points ? "warn" : "accent";
  return (
    <Card className="quiz-question">
      <p className="quiz-number">
        <span>Question {number}</span>
        {shown ? (
          <Badge tone={tone}>
            {worth ?? 0} of {given.max_points}
          </Badge>
        ) : (
          <span className="soft">{plural(given.max_points, "point", "points")}</span>
        )}
      </p>
      <p className="quiz-text">{given.text}</p>
      {given.choices ? <Choices given={given} shown={shown} /> : <Typed given={given} shown={shown} />}
      {shown && given.feedback && <p className="quiz-feedback">{given.feedback}</p>}
      {children}
    </Card>
  );
}

function Choices({ given, shown }: { given: Given; shown: boolean }) {
  const chosen = new Set(given.answer?.choices);
  return (
    <ul className="quiz-told">
      {given.choices?.map(({ id, text, right }) => {
        const is = chosen.has(id);
        const words = [is && "chosen", shown && right && "right"].filter(Boolean).join(", ");
        return (
          <li key={id} className={shown && right ? "quiz-right" : is && shown ? "quiz-wrong" : ""}>
            <span className="quiz-mark" aria-hidden="true">
              {is && <Icon name={shown && !right ? "close" : "check"} size={16} />}
            </span>
            <span>{text}</span>
            {words && <span className="quiz-said">{words}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function Typed({ given: { answer, solution }, shown }: { given: Given; shown: boolean }) {
  const said = answer?.text ?? (answer?.value != null ? String(answer.value) : null);
  return (
    <dl className="quiz-answers">
      <dt>Answer</dt>
      <dd>{said ?? <span className="soft">None</span>}</dd>
      {shown && solution && (
        <>
          <dt>Right</dt>
          <dd>{solution.accepted?.join(" · ") ?? numberOfSolution(solution)}</dd>
        </>
      )}
    </dl>
  );
}

function numberOfSolution({ value, tolerance, tolerance_kind }: NonNullable<Given["solution"]>): string {
  if (!tolerance) return String(value);
  return tolerance_kind === "relative"
    ? `${value} ± ${Number((tolerance * 100).toPrecision(12))} %`
    : `${value} ± ${tolerance}`;
}

function ByHand({ quiz, attempt, given, onChanged }: ResultProps & { given: Given }) {
  const { quizzes } = useApi();
  const [open, setOpen] = useState(false);
  const form = useForm(["points", "reason"], async ({ points = "", reason = "" }) => {
    const worth = points === "" ? null : Number(points);
    onChanged(
      await quizzes.givePoints(quiz.course_id, quiz.id, attempt.id, given.question_id, worth, reason.trim()),
    );
    setOpen(false);
  });
  return (
    <div>
      <Button size="small" icon="edit" onClick={() => setOpen(true)} data-testid="give-points">
        Points by hand
      </Button>
      <Dialog title="Points by hand" open={open} onClose={() => setOpen(false)}>
        <form className="form" onSubmit={form.onSubmit}>
          <FormTrouble form={form} />
          <Field
            label={`Points of ${given.max_points} (empty: by rule again)`}
            name="points"
            type="number"
            min={0}
            max={given.max_points}
            step={0.01}
            autoFocus
            defaultValue={worthOf(given) ?? ""}
            error={form.fields.points}
            data-testid="points-by-hand"
          />
          <Field
            label="Why"
            name="reason"
            required
            maxLength={200}
            autoComplete="off"
            hint="It is kept, and the student reads it."
            error={form.fields.reason}
            data-testid="points-reason"
          />
          <FormEnds form={form} onCancel={() => setOpen(false)} data-testid="save-points">
            Save
          </FormEnds>
        </form>
      </Dialog>
    </div>
  );
}
