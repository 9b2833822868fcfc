/** What a quiz asks: questions of the bank by name, and so many drawn from those with a tag. */
import { useState } from "react";
import type { Part, Question } from "../../../api/quizzes";
import { Button, IconButton } from "../../../design/Button";
import { Field, SelectField } from "../../../design/Field";
import { plural } from "../../../format";
import { briefly } from "./quiz_words";

interface PartFieldsProps {
  parts: readonly Part[];
  questions: readonly Question[];
  onChange: (parts: Part[]) => void;
}

const keyOf = ({ question_id, tag }: Part): string => question_id ?? `tag ${tag}`;

export function PartFields({ parts, questions, onChange }: PartFieldsProps) {
  const move = (from: number, to: number) => {
    const all = [...parts];
    const [one] = all.splice(from, 1);
    if (one) onChange(all.toSpliced(to, 0, one));
  };
  const put = (part: Part) => onChange([...parts, part]);
  return (
    <fieldset className="form-part">
      <legend className="field-label">Questions</legend>
      {parts.length > 0 && (
        <ol className="list" data-testid="quiz-parts">
          {parts.map((part, index) => {
            const words = wordsOf(part, questions);
            return (
              <li key={keyOf(part)} className="quiz-part">
                <span className="quiz-part-words">{words}</span>
                <IconButton
                  icon="up"
                  label={`Earlier: ${words}`}
                  title="Earlier"
                  size="small"
                  disabled={index === 0}
                  onClick={() => move(index, index - 1)}
                />
                <IconButton
                  icon="trash"
                  label={`Take out: ${words}`}
                  title="Take out"
                  size="small"
                  onClick={() => onChange(parts.toSpliced(index, 1))}
                />
              </li>
            );
          })}
        </ol>
      )}
      {questions.length === 0 ? (
        <p className="soft">The question bank of this course is empty. Put questions into it first.</p>
      ) : (
        <>
          <AddQuestion parts={parts} questions={questions} onAdd={put} />
          <AddDrawn parts={parts} questions={questions} onAdd={put} />
        </>
      )}
    </fieldset>
  );
}

function wordsOf({ question_id, tag, count }: Part, questions: readonly Question[]): string {
  if (question_id === null) return `${count} drawn from “${tag}”`;
  return briefly(questions.find(({ id }) => id === question_id)?.text ?? "A question that is asked no more");
}

type AddProps = Omit<PartFieldsProps, "onChange"> & { onAdd: (part: Part) => void };

function AddQuestion({ parts, questions, onAdd }: AddProps) {
  const there = new Set(parts.map(({ question_id }) => question_id));
  const left = questions.filter(({ id }) => !there.has(id));
  return (
    <SelectField
      label="Add a question"
      value=""
      disabled={left.length === 0}
      onChange={(event) => onAdd({ question_id: event.target.value, tag: null, count: 1 })}
      data-testid="add-part"
    >
      <option value="">{left.length === 0 ? "All of the bank are in it" : "Choose one of the bank"}</option>
      {left.map(({ id, text, tags }) => (
        <option key={id} value={id}>
          {briefly(text, 70)}
          {tags.length > 0 && ` (${tags.join(", ")})`}
        </option>
      ))}
    </SelectField>
  );
}

function AddDrawn({ parts, questions, onAdd }: AddProps) {
  const [tag, setTag] = useState("");
  const [count, setCount] = useState("3");
  const there = new Set(parts.map((part) => part.tag));
  const tags = [...new Set(questions.flatMap((one) => one.tags))].filter((one) => !there.has(one)).sort();
  if (tags.length === 0) return null;
  const most = questions.filter((one) => one.tags.includes(tag)).length;
  const wanted = Number(count);
  const fits = tag !== "" && Number.isInteger(wanted) && wanted >= 1 && wanted <= most;
  const add = () => {
    onAdd({ question_id: null, tag, count: wanted });
    setTag("");
  };
  return (
    <div className="quiz-draw">
      <SelectField
        label="Or draw from a tag"
        value={tag}
        onChange={(event) => setTag(event.target.value)}
        data-testid="draw-tag"
      >
        <option value="">Choose a tag</option>
        {tags.map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </SelectField>
      <Field
        label={tag ? `How many of ${most}` : "How many"}
        type="number"
        min={1}
        max={Math.max(1, most)}
        value={count}
        onChange={(event) => setCount(event.target.value)}
        error={tag && !fits ? `1 to ${plural(most, "question", "questions")}` : undefined}
        data-testid="draw-count"
      />
      <Button icon="plus" disabled={!fits} onClick={add} data-testid="add-drawn">
        Draw
      </Button>
    </div>
  );
}
