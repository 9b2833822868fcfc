/** The choices of a question, and which are right. */
import { useId } from "react";
import type { Choice } from "../../../api/quizzes";
import { Button, IconButton } from "../../../design/Button";

export interface DraftChoice {
  key: string;
  /** That of a choice that is stored. */
  id: string | null;
  text: string;
  right: boolean;
}

const newKey = (): string => crypto.getRandomValues(new Uint32Array(2)).join("-");
const empty = (right = false): DraftChoice => ({ key: newKey(), id: null, text: "", right });

export const draftsOf = (choices: readonly Choice[] | null): DraftChoice[] =>
  choices?.map((one) => ({ ...one, key: one.id })) ?? [empty(true), empty(), empty()];

/** As they are sent: empty lines are none. */
export const choicesOf = (drafts: readonly DraftChoice[]) =>
  drafts
    .filter(({ text }) => text.trim() !== "")
    .map(({ id, text, right }) => ({ ...(id !== null && { id }), text: text.trim(), right }));

export function ChoiceFields({
  choices,
  single,
  onChange,
}: {
  choices: readonly DraftChoice[];
  single: boolean;
  onChange: (choices: DraftChoice[]) => void;
}) {
  const name = useId();
  const put = (key: string, change: Partial<DraftChoice>) =>
    onChange(choices.map((one) => (one.key === key ? { ...one, ...change } : one)));
  const tick = (key: string, right: boolean) =>
    single ? onChange(choices.map((one) => ({ ...one, right: one.key === key }))) : put(key, { right });
  return (
    <fieldset className="form-part choice-fields">
      <legend className="field-label">
        Choices; mark {single ? "the one that is right" : "those that are right"}
      </legend>
      {choices.map(({ key, text, right }, index) => (
        <div key={key} className="choice-field">
          <input
            type={single ? "radio" : "checkbox"}
            name={`right ${name}`}
            checked={right}
            onChange={(event) => tick(key, event.target.checked)}
            aria-label={`Choice ${index + 1} is right`}
            data-testid={`choice-right-${index}`}
          />
          <input
            className="field-input"
            value={text}
            maxLength={2000}
            autoComplete="off"
            onChange={(event) => put(key, { text: event.target.value })}
            aria-label={`Choice ${index + 1}`}
            data-testid={`choice-${index}`}
          />
          <IconButton
            icon="trash"
            label={`Take out choice ${index + 1}`}
            size="small"
            disabled={choices.length <= 2}
            onClick={() => onChange(choices.filter((one) => one.key !== key))}
          />
        </div>
      ))}
      <div>
        <Button
          size="small"
          icon="plus"
          disabled={choices.length >= 50}
          onClick={() => onChange([...choices, empty()])}
          data-testid="add-choice"
        >
          Add a choice
        </Button>
      </div>
    </fieldset>
  );
}
