/** A new question with its options. */
import { type FormEvent, useState } from "react";
import type { Showing } from "../../class/parts/polls";
import { Button, IconButton } from "../../design/Button";
import { Field, SelectField } from "../../design/Field";
import { Switch } from "./Switch";
import { useAct } from "./useClass";

const MOST_OPTIONS = 10;
const FEWEST_OPTIONS = 2;

interface Option {
  key: number;
  text: string;
}

export function PollForm({ onDone }: { onDone: () => void }) {
  const act = useAct();
  const [question, setQuestion] = useState("");
  const [options, setOptions] = useState<readonly Option[]>([
    { key: 1, text: "" },
    { key: 2, text: "" },
  ]);
  const [multiple, setMultiple] = useState(false);
  const [anonymous, setAnonymous] = useState(false);
  const [results, setResults] = useState<Showing>("after");
  const [busy, setBusy] = useState(false);
  const texts = options.map((one) => one.text.trim()).filter(Boolean);
  const isTwice = new Set(texts).size < texts.length;
  const ready = question.trim() !== "" && !isTwice && texts.length >= FEWEST_OPTIONS;
  const write = (key: number, text: string) =>
    setOptions((all) => all.map((one) => (one.key === key ? { key, text } : one)));
  const add = () =>
    setOptions((all) => [...all, { key: Math.max(...all.map((one) => one.key)) + 1, text: "" }]);
  const ask = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const poll = { question: question.trim(), options: texts, multiple, anonymous, results };
    const answer = await act("create-poll", poll);
    setBusy(false);
    if (answer) onDone();
  };
  return (
    <form className="poll poll-form" onSubmit={(event) => void ask(event)}>
      <Field
        label="Question"
        required
        autoFocus
        maxLength={500}
        value={question}
        onChange={(event) => setQuestion(event.target.value)}
        data-testid="poll-question"
      />
      <fieldset className="poll-options">
        <legend className="field-label">Options</legend>
        {options.map(({ key, text }, index) => (
          <div key={key} className="poll-option-field">
            <input
              className="field-input"
              maxLength={200}
              value={text}
              aria-label={`Option ${index + 1}`}
              placeholder={`Option ${index + 1}`}
              onChange={(event) => write(key, event.target.value)}
              data-testid={`poll-option-${index + 1}`}
            />
            {options.length > FEWEST_OPTIONS && (
              <IconButton
                icon="close"
                label={`Take option ${index + 1} away`}
                size="small"
                onClick={() => setOptions((all) => all.filter((one) => one.key !== key))}
              />
            )}
          </div>
        ))}
        {options.length < MOST_OPTIONS && (
          <Button size="small" tone="quiet" icon="plus" onClick={add}>
            One more option
          </Button>
        )}
        {isTwice && <p className="field-error">Two options are the same.</p>}
      </fieldset>
      <Switch label="Several answers allowed" on={multiple} onChange={setMultiple} />
      <Switch
        label="Anonymous"
        hint="Nobody sees who voted for what."
        on={anonymous}
        onChange={setAnonymous}
      />
      <SelectField
        label="The class sees the results"
        value={results}
        onChange={(event) => setResults(event.target.value as Showing)}
      >
        <option value="live">at once</option>
        <option value="after">when it has ended</option>
        <option value="hidden">when you share them</option>
      </SelectField>
      <div className="side-row poll-actions">
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" tone="primary" disabled={!ready} busy={busy} data-testid="ask-poll">
          Ask
        </Button>
      </div>
    </form>
  );
}
