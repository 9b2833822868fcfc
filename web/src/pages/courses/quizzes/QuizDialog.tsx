import { useCallback, useState } from "react";
import { MAX_PAGE, readFirst } from "../../../api/pages";
import type { Part, Question, Quiz, QuizChange } from "../../../api/quizzes";
import { Dialog } from "../../../design/Dialog";
import { CheckField, Field, SelectField, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { FormEnds } from "../../Submit";
import { fromLocal, toLocal } from "../local_time";
import { EditTrouble } from "../Overtaken";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";
import { PartFields } from "./PartFields";
import { COUNTS_WORDS, closesAtOnce, RESULTS_WORDS } from "./quiz_words";

interface Around {
  onClose: () => void;
  onDone: () => Promise<void>;
}

type Value = Omit<Quiz, "id" | "course_id">;

const KNOWN = [
  "title",
  "description",
  "opens_at",
  "closes_at",
  "time_limit_minutes",
  "attempts_allowed",
  "results",
  "counts",
] as const;

const NEW: Value = {
  title: "",
  description: "",
  published: false,
  opens_at: null,
  closes_at: null,
  time_limit_minutes: null,
  attempts_allowed: 1,
  shuffle_questions: true,
  shuffle_choices: true,
  results: "at_once", // it has no end yet
  counts: "best",
  partial_credit: true,
  parts: [],
};

/** A quiz made (`id` null), or changed. */
export function QuizDialog({ open, id, ...around }: Around & { open: boolean; id: string | null }) {
  return (
    <Dialog title={id === null ? "New quiz" : "Edit the quiz"} open={open} onClose={around.onClose}>
      {id === null ? (
        <QuizForm id={null} value={NEW} etag={null} {...around} />
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
    (signal: AbortSignal) => quizzes.get(course.id, id, signal),
    [quizzes, course.id, id],
  );
  const { read, error, key, reload } = useEdited(load);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!read) return <Loading label="Loading the quiz" />;
  return (
    <QuizForm
      key={key}
      id={id}
      value={read.value}
      etag={read.etag}
      onTheirs={() => void reload()}
      {...around}
    />
  );
}

/** The questions that a quiz asks by name. */
function useNamed(id: string | null): { named: readonly Question[] | null; error: string | null } {
  const { quizzes } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    async (signal: AbortSignal) =>
      id === null
        ? { items: [] }
        : readFirst(MAX_PAGE, (page) => quizzes.questions(course.id, { ...page, quiz_id: id }, signal)),
    [quizzes, course.id, id],
  );
  const { data, error } = useLoaded(load);
  return { named: data?.items ?? null, error };
}

function QuizForm({
  id,
  value,
  etag,
  onClose,
  onDone,
  onTheirs = () => undefined,
}: Around & { id: string | null; value: Value; etag: string | null; onTheirs?: () => void }) {
  const { quizzes } = useApi();
  const { course } = useCourse();
  const { named, error } = useNamed(id);
  const [parts, setParts] = useState<readonly Part[]>(value.parts ?? []);
  const [attempts, setAttempts] = useState(String(value.attempts_allowed ?? ""));
  const [closes, setCloses] = useState(toLocal(value.closes_at));
  const ends = id !== null && closesAtOnce(fromLocal(closes, value.closes_at), value.closes_at, Date.now());
  const { form, keepMine } = useEditForm(KNOWN, etag, async (values, version) => {
    const wish = { ...wishOf(values, value), parts: parts.map(partOf) };
    if (id === null) await quizzes.add(course.id, wish);
    else await quizzes.change(course.id, id, wish, version);
    onClose();
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <EditTrouble form={form} onTheirs={onTheirs} onMine={keepMine} />
      <Field
        label="Title"
        name="title"
        required
        autoFocus
        maxLength={200}
        autoComplete="off"
        defaultValue={value.title}
        error={form.fields.title}
        data-testid="quiz-title"
      />
      <TextField
        label="What students read before they begin"
        name="description"
        rows={3}
        defaultValue={value.description}
        error={form.fields.description}
      />
      {error && <Notice tone="wrong">{error}</Notice>}
      {named && <PartFields parts={parts} named={named} onChange={setParts} />}
      <div className="field-row">
        <Field
          label="Opens (empty: at once)"
          name="opens_at"
          type="datetime-local"
          defaultValue={toLocal(value.opens_at)}
          error={form.fields.opens_at}
          data-testid="quiz-opens"
        />
        <Field
          label="Closes (empty: never)"
          name="closes_at"
          type="datetime-local"
          value={closes}
          onChange={(event) => setCloses(event.target.value)}
          error={form.fields.closes_at}
          data-testid="quiz-closes"
        />
      </div>
      {ends && (
        <CheckField
          label="Close it now"
          hint="This closing time is over: attempts that go on end with it, and no later time opens them again. Who has more time keeps that."
          name="closes_now"
          required
          data-testid="quiz-closes-now"
        />
      )}
      <div className="field-row">
        <Field
          label="Minutes for it (empty: no limit)"
          name="time_limit_minutes"
          type="number"
          min={1}
          max={100_000}
          defaultValue={value.time_limit_minutes ?? ""}
          error={form.fields.time_limit_minutes}
          data-testid="quiz-minutes"
        />
        <Field
          label="Attempts (empty: any number)"
          name="attempts_allowed"
          type="number"
          min={1}
          max={1000}
          value={attempts}
          onChange={(event) => setAttempts(event.target.value)}
          error={form.fields.attempts_allowed}
          data-testid="quiz-attempts"
        />
      </div>
      {attempts !== "1" && (
        <SelectField label="What counts of several attempts" name="counts" defaultValue={value.counts}>
          {Object.entries(COUNTS_WORDS).map(([word, label]) => (
            <option key={word} value={word}>
              {label}
            </option>
          ))}
        </SelectField>
      )}
      <SelectField
        label="Students see points and what was right"
        name="results"
        defaultValue={value.results}
        hint="“When the quiz has closed” is when it has for everybody, those with extra time too: say when it closes."
        error={form.fields.results}
        data-testid="quiz-results"
      >
        {Object.entries(RESULTS_WORDS).map(([word, label]) => (
          <option key={word} value={word}>
            {label}
          </option>
        ))}
      </SelectField>
      <fieldset className="form-part">
        <legend className="field-label">How it is asked</legend>
        <CheckField
          label="Questions in another order for each student"
          name="shuffle_questions"
          defaultChecked={value.shuffle_questions}
        />
        <CheckField
          label="Choices in another order for each student"
          name="shuffle_choices"
          defaultChecked={value.shuffle_choices}
        />
        <CheckField
          label="Part of the points for part of the choices"
          hint="Right ones less wrong ones, never below nothing. Otherwise all or nothing."
          name="partial_credit"
          defaultChecked={value.partial_credit}
        />
        <CheckField
          label="Students see it"
          name="published"
          defaultChecked={value.published}
          data-testid="quiz-published"
        />
      </fieldset>
      <FormEnds form={form} onCancel={onClose} disabled={!named} data-testid="save-quiz">
        {id === null ? "Create quiz" : "Save"}
      </FormEnds>
    </form>
  );
}

const wishOf = (values: Record<string, string>, was: Pick<Quiz, "opens_at" | "closes_at">): QuizChange => ({
  title: (values.title ?? "").trim(),
  description: (values.description ?? "").trim(),
  opens_at: fromLocal(values.opens_at ?? "", was.opens_at),
  closes_at: fromLocal(values.closes_at ?? "", was.closes_at),
  time_limit_minutes: values.time_limit_minutes ? Number(values.time_limit_minutes) : null,
  attempts_allowed: values.attempts_allowed ? Number(values.attempts_allowed) : null,
  results: values.results as Quiz["results"],
  ...(values.counts && { counts: values.counts as Quiz["counts"] }),
  shuffle_questions: values.shuffle_questions === "on",
  shuffle_choices: values.shuffle_choices === "on",
  partial_credit: values.partial_credit === "on",
  published: values.published === "on",
});

const partOf = ({ question_id, tag, count }: Part): Partial<Part> =>
  question_id === null ? { tag, count } : { question_id };
