/** One question with the fields for its answer. */
import { useId, useState } from "react";
import type { Answer, Given } from "../../../api/quizzes";
import { Card } from "../../../design/Card";
import { Field } from "../../../design/Field";
import { plural } from "../../../format";
import { numberOf, readAs, typedAnswer, whyNoNumber } from "./quiz_words";

interface AnswerProps {
  given: Given;
  number: number;
  /** Why the server does not take the answer. */
  refusal: string;
  /** `typed`: more may follow at once. */
  onAnswer: (answer: Answer | null, typed: boolean) => void;
}

export function AnswerFields(props: AnswerProps) {
  const { given, number } = props;
  const choose = given.kind === "single" || given.kind === "multiple";
  return (
    <Card className="quiz-question">
      <p className="quiz-number">
        <span>Question {number}</span>
        <span className="soft">{plural(given.max_points, "point", "points")}</span>
      </p>
      {choose ? <ChoiceAnswer {...props} /> : <TypedAnswer {...props} />}
    </Card>
  );
}

function ChoiceAnswer({ given, refusal, onAnswer }: AnswerProps) {
  const name = useId();
  const single = given.kind === "single";
  const chosen = new Set(given.answer?.choices);
  const choose = (id: string, is: boolean) => {
    const now = single ? [id] : [...chosen].filter((one) => one !== id).concat(is ? [id] : []);
    onAnswer(now.length > 0 ? { choices: now } : null, false);
  };
  return (
    <fieldset className="quiz-choices">
      <legend className="quiz-text">{given.text}</legend>
      {!single && <p className="soft quiz-hint">Several may be right.</p>}
      {given.choices?.map(({ id, text }) => (
        <label key={id} className="quiz-choice">
          <input
            type={single ? "radio" : "checkbox"}
            name={name}
            checked={chosen.has(id)}
            onChange={(event) => choose(id, event.target.checked)}
            data-testid={`answer-${text}`}
          />
          <span>{text}</span>
        </label>
      ))}
      {single && chosen.size > 0 && (
        <button type="button" className="quiz-none" onClick={() => onAnswer(null, false)}>
          Take the answer back
        </button>
      )}
      {refusal && (
        <p className="field-error" role="alert">
          {refusal}
        </p>
      )}
    </fieldset>
  );
}

const written = ({ answer }: Given): string =>
  answer?.text ?? (answer?.value != null ? String(answer.value) : "");

function TypedAnswer({ given, refusal, onAnswer }: AnswerProps) {
  const numeric = given.kind === "numeric";
  const id = useId();
  const [text, setText] = useState(() => written(given));
  const value = numberOf(text);
  const isNone = numeric && text.trim() !== "" && value === null;
  const write = (now: string, typed: boolean) => {
    setText(now);
    onAnswer(typedAnswer(given.kind, now), typed);
  };
  return (
    <div className="quiz-typed">
      <p className="quiz-text" id={id}>
        {given.text}
      </p>
      <Field
        label="Your answer"
        value={text}
        maxLength={numeric ? 40 : 5000}
        inputMode={numeric ? "decimal" : "text"}
        autoComplete="off"
        aria-describedby={id}
        onChange={(event) => write(event.target.value, true)}
        onBlur={(event) => event.target.value !== written(given) && write(event.target.value, false)}
        error={isNone ? whyNoNumber(text) : refusal || undefined}
        hint={numeric ? readAs(text) : undefined}
        data-testid={`answer-to-${given.text}`}
      />
    </div>
  );
}
