import { useCallback, useState } from "react";
import { ApiError } from "../../../api/problem";
import type { Question, QuestionChange, QuestionKind, ToleranceKind } from "../../../api/quizzes";
import { Dialog } from "../../../design/Dialog";
import { CheckField, Field, SelectField, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useApi } from "../../../session/Session";
import { FormEnds } from "../../Submit";
import { EditTrouble } from "../Overtaken";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";
import { ChoiceFields, choicesOf, type DraftChoice, draftsOf } from "./ChoiceFields";
import { KIND_WORDS, listOf, numberOf, readAs, whyNoNumber } from "./quiz_words";

interface Around {
  onClose: () => void;
  onDone: () => Promise<void>;
}

type Value = Pick<
  Question,
  | "kind"
  | "text"
  | "points"
  | "feedback"
  | "tags"
  | "choices"
  | "value"
  | "tolerance"
  | "tolerance_kind"
  | "accepted"
  | "ignore_case"
  | "ignore_space"
>;

const KNOWN = ["text", "points", "feedback", "tags", "value", "tolerance", "accepted"] as const;

const NEW: Value = {
  kind: "single",
  text: "",
  points: 1,
  feedback: "",
  tags: [],
  choices: null,
  value: null,
  tolerance: null,
  tolerance_kind: null,
  accepted: null,
  ignore_case: null,
  ignore_space: null,
};

/** A question made (`id` null), or changed. */
export function QuestionDialog({ open, id, ...around }: Around & { open: boolean; id: string | null }) {
  return (
    <Dialog title={id === null ? "New question" : "Edit the question"} open={open} onClose={around.onClose}>
      {id === null ? (
        <QuestionForm id={null} question={NEW} etag={null} {...around} />
      ) : (
        <Edit id={id} {...around} />
      )}
    </Dialog>
  );
}

function Edit({ id, ...around }: Around & { id: string }) {
  const { quizzes } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    (signal: AbortSignal) => quizzes.question(course.id, id, signal),
    [quizzes, course.id, id],
  );
  const { read, error, key, reload } = useEdited(load);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!read) return <Loading label="Loading the question" />;
  return (
    <QuestionForm
      key={key}
      id={id}
      question={read.value}
      etag={read.etag}
      onTheirs={() => void reload()}
      {...around}
    />
  );
}

function QuestionForm({
  id,
  question,
  etag,
  onClose,
  onDone,
  onTheirs = () => undefined,
}: Around & { id: string | null; question: Value; etag: string | null; onTheirs?: () => void }) {
  const { quizzes } = useApi();
  const { course } = useCourse();
  const [kind, setKind] = useState(question.kind);
  const [choices, setChoices] = useState(() => draftsOf(question.choices));
  const { form, keepMine } = useEditForm(KNOWN, etag, async (values, version) => {
    const wish: QuestionChange & { text: string } = {
      text: (values.text ?? "").trim(),
      points: Number(values.points),
      feedback: (values.feedback ?? "").trim(),
      tags: listOf(values.tags ?? ""),
      ...solutionOf(kind, values, choices),
    };
    if (id === null) await quizzes.addQuestion(course.id, { kind, ...wish });
    else await quizzes.changeQuestion(course.id, id, wish, version);
    onClose();
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <EditTrouble form={form} onTheirs={onTheirs} onMine={keepMine} />
      {id !== null && (
        <p className="soft">
          Who has answered it already is graded by what is right now when you grade anew.
        </p>
      )}
      <SelectField
        label="Answered with"
        value={kind}
        disabled={id !== null}
        onChange={(event) => setKind(event.target.value as QuestionKind)}
        data-testid="question-kind"
      >
        {Object.entries(KIND_WORDS).map(([word, label]) => (
          <option key={word} value={word}>
            {label.toLowerCase()}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Question"
        name="text"
        rows={3}
        required
        autoFocus
        maxLength={20_000}
        defaultValue={question.text}
        error={form.fields.text}
        data-testid="question-text"
      />
      {(kind === "single" || kind === "multiple") && (
        <ChoiceFields choices={choices} single={kind === "single"} onChange={setChoices} />
      )}
      {kind === "numeric" && <NumberFields question={question} fields={form.fields} />}
      {kind === "text" && <AcceptedFields question={question} fields={form.fields} />}
      <div className="field-row">
        <Field
          label="Points"
          name="points"
          type="number"
          required
          min={0}
          max={1000}
          step={0.01}
          defaultValue={question.points}
          error={form.fields.points}
          data-testid="question-points"
        />
        <Field
          label="Tags, with commas between"
          name="tags"
          autoComplete="off"
          defaultValue={question.tags.join(", ")}
          error={form.fields.tags}
          data-testid="question-tags"
        />
      </div>
      <TextField
        label="Shown with the result"
        name="feedback"
        rows={2}
        defaultValue={question.feedback}
        error={form.fields.feedback}
      />
      <FormEnds form={form} onCancel={onClose} data-testid="save-question">
        {id === null ? "Put it into the bank" : "Save"}
      </FormEnds>
    </form>
  );
}

/** What is right, as the form says it. Throws ApiError for a number that is none. */
function solutionOf(
  kind: QuestionKind,
  values: Record<string, string>,
  choices: readonly DraftChoice[],
): QuestionChange {
  if (kind === "single" || kind === "multiple") return { choices: choicesOf(choices) };
  if (kind === "text") {
    return {
      accepted: listOf(values.accepted ?? "", "\n"),
      ignore_case: values.ignore_case === "on",
      ignore_space: values.ignore_space === "on",
    };
  }
  const relative = values.tolerance_kind === "relative";
  const tolerance = typed("tolerance", values.tolerance || "0");
  return {
    value: typed("value", values.value ?? ""),
    tolerance: relative ? tolerance / 100 : tolerance,
    tolerance_kind: relative ? "relative" : "absolute",
  };
}

function typed(name: string, text: string): number {
  const number = numberOf(text);
  if (number !== null) return number;
  const says = whyNoNumber(text);
  throw new ApiError(says, 422, "invalid", { [name]: says });
}

interface PartProps {
  question: Value;
  fields: Readonly<Record<string, string>>;
}

/** Without the tails of binary fractions. */
const plain = (number: number): string => String(Number(number.toPrecision(12)));

function NumberFields({ question: { value, tolerance, tolerance_kind }, fields }: PartProps) {
  const [kind, setKind] = useState<ToleranceKind>(tolerance_kind ?? "absolute");
  const shown = (tolerance ?? 0) * (tolerance_kind === "relative" ? 100 : 1);
  const [typed, setTyped] = useState({ value: "", tolerance: "" });
  return (
    <div className="field-row">
      <Field
        label="Right is"
        name="value"
        required
        inputMode="decimal"
        autoComplete="off"
        defaultValue={value ?? ""}
        onChange={(event) => setTyped({ ...typed, value: event.target.value })}
        hint={readAs(typed.value)}
        error={fields.value}
        data-testid="question-value"
      />
      <Field
        label={kind === "relative" ? "Per cent more or less" : "More or less"}
        name="tolerance"
        inputMode="decimal"
        autoComplete="off"
        defaultValue={plain(shown)}
        onChange={(event) => setTyped({ ...typed, tolerance: event.target.value })}
        hint={readAs(typed.tolerance)}
        error={fields.tolerance}
        data-testid="question-tolerance"
      />
      <SelectField
        label="Tolerance"
        name="tolerance_kind"
        value={kind}
        onChange={(event) => setKind(event.target.value as ToleranceKind)}
      >
        <option value="absolute">as a number</option>
        <option value="relative">in per cent</option>
      </SelectField>
    </div>
  );
}

function AcceptedFields({ question: { accepted, ignore_case, ignore_space }, fields }: PartProps) {
  return (
    <>
      <TextField
        label="Right answers, each on a line of its own"
        name="accepted"
        rows={3}
        required
        defaultValue={accepted?.join("\n") ?? ""}
        error={fields.accepted}
        data-testid="question-accepted"
      />
      <CheckField
        label="Upper and lower case are the same"
        name="ignore_case"
        defaultChecked={ignore_case !== false}
      />
      <CheckField
        label="Spaces more or less do not count"
        name="ignore_space"
        defaultChecked={ignore_space !== false}
      />
    </>
  );
}
