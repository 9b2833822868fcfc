/** What a quiz asks: questions of the bank by name, and so many drawn from those with a tag. */
import { useCallback, useState } from "react";
import type { Part, Question } from "../../../api/quizzes";
import { Button, IconButton } from "../../../design/Button";
import { Field, SelectField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useSettled } from "../../../hooks/useSettled";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { briefly } from "./quiz_words";

/** So many are offered; words find the others. */
const OFFERED = 20;

interface PartFieldsProps {
  parts: readonly Part[];
  /** The questions that the quiz named when it was read. */
  named: readonly Question[];
  onChange: (parts: Part[]) => void;
}

const keyOf = ({ question_id, tag }: Part): string => question_id ?? `tag ${tag}`;

/** What of the bank has these words, and its tags with how many questions each has. */
function useOffered(q: string) {
  const { quizzes } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    async (signal: AbortSignal) => ({
      ...(await quizzes.questions(course.id, { limit: OFFERED, cursor: undefined, ...(q && { q }) }, signal)),
      q,
    }),
    [quizzes, course.id, q],
  );
  return useLoaded(load);
}

export function PartFields({ parts, named, onChange }: PartFieldsProps) {
  const [words, setWords] = useState("");
  const q = useSettled(words.trim());
  const { data, error } = useOffered(q);
  const [texts, setTexts] = useState(() => new Map(named.map(({ id, text }) => [id, text])));
  const move = (from: number, to: number) => {
    const all = [...parts];
    const [one] = all.splice(from, 1);
    if (one) onChange(all.toSpliced(to, 0, one));
  };
  const add = ({ id, text }: Question) => {
    setTexts(new Map(texts).set(id, text));
    onChange([...parts, { question_id: id, tag: null, count: 1 }]);
  };
  const isEmpty = data?.items.length === 0 && data.q === "";
  return (
    <fieldset className="form-part">
      <legend className="field-label">Questions</legend>
      {parts.length > 0 && (
        <ol className="list" data-testid="quiz-parts">
          {parts.map((part, index) => {
            const said = wordsOf(part, texts);
            return (
              <li key={keyOf(part)} className="quiz-part">
                <span className="quiz-part-words">{said}</span>
                <IconButton
                  icon="up"
                  label={`Earlier: ${said}`}
                  title="Earlier"
                  size="small"
                  disabled={index === 0}
                  onClick={() => move(index, index - 1)}
                />
                <IconButton
                  icon="trash"
                  label={`Take out: ${said}`}
                  title="Take out"
                  size="small"
                  onClick={() => onChange(parts.toSpliced(index, 1))}
                />
              </li>
            );
          })}
        </ol>
      )}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the question bank" />}
      {isEmpty && (
        <p className="soft">The question bank of this course is empty. Put questions into it first.</p>
      )}
      {data && !isEmpty && (
        <>
          <div className="quiz-offer">
            <p className="field-label" aria-hidden>
              Add questions from the bank
            </p>
            <SearchInput
              label="Find a question to add"
              value={words}
              onChange={setWords}
              testId="find-question"
            />
            <Offered parts={parts} found={data.items} more={data.next_cursor !== null} onAdd={add} />
          </div>
          <AddDrawn
            parts={parts}
            counts={data.tag_counts ?? {}}
            onAdd={(part) => onChange([...parts, part])}
          />
        </>
      )}
    </fieldset>
  );
}

function wordsOf({ question_id, tag, count }: Part, texts: ReadonlyMap<string, string>): string {
  if (question_id === null) return `${count} drawn from “${tag}”`;
  return briefly(texts.get(question_id) ?? "A question that is asked no more");
}

interface OfferedProps {
  parts: readonly Part[];
  found: readonly Question[];
  more: boolean;
  onAdd: (question: Question) => void;
}

function Offered({ parts, found, more, onAdd }: OfferedProps) {
  const there = new Set(parts.map(({ question_id }) => question_id));
  if (found.length === 0) return <p className="soft">No question has these words.</p>;
  return (
    <>
      <ul className="list quiz-offered" data-testid="offered-questions">
        {found.map((one) => (
          <li key={one.id} className="quiz-part">
            <span className="quiz-part-words">
              {briefly(one.text, 70)}
              {one.tags.length > 0 && <span className="soft"> ({one.tags.join(", ")})</span>}
            </span>
            {there.has(one.id) ? (
              <span className="soft quiz-part-there">In it</span>
            ) : (
              <IconButton
                icon="plus"
                label={`Add: ${briefly(one.text, 70)}`}
                title="Add"
                size="small"
                onClick={() => onAdd(one)}
              />
            )}
          </li>
        ))}
      </ul>
      {more && <p className="soft">These are the newest. Words of a question, or of a tag, find others.</p>}
    </>
  );
}

interface AddDrawnProps {
  parts: readonly Part[];
  counts: Readonly<Record<string, number>>;
  onAdd: (part: Part) => void;
}

function AddDrawn({ parts, counts, onAdd }: AddDrawnProps) {
  const [tag, setTag] = useState("");
  const [count, setCount] = useState("3");
  const there = new Set(parts.map((part) => part.tag));
  const tags = Object.keys(counts)
    .filter((one) => !there.has(one))
    .sort();
  if (tags.length === 0) return null;
  const most = counts[tag] ?? 0;
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
