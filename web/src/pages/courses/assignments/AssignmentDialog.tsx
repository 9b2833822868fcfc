import { useCallback, useState } from "react";
import type { Assignment, AssignmentChange, Criterion, LatePolicy } from "../../../api/assignments";
import type { Lesson } from "../../../api/outline";
import { Button } from "../../../design/Button";
import { Dialog } from "../../../design/Dialog";
import { CheckField, Field, SelectField, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useApi } from "../../../session/Session";
import { FormEnds } from "../../Submit";
import { fromLocal, toLocal } from "../local_time";
import { EditTrouble } from "../Overtaken";
import { RELEASE_FIELDS, ReleaseFields, releaseOf } from "../Release";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";

interface Around {
  lessons: readonly Lesson[];
  onClose: () => void;
  onDone: () => Promise<void>;
}

type Value = Omit<Assignment, "id" | "course_id" | "closes_at">;

const KNOWN = [
  "title",
  "description",
  "lesson_id",
  "due_at",
  "late_policy",
  "late_percent",
  "late_until",
  "points",
  "max_attempts",
  ...RELEASE_FIELDS,
] as const;

const newOne = (lesson: string): Value => ({
  lesson_id: lesson || null,
  title: "",
  description: "",
  published: true,
  release_at: null,
  due_at: null,
  late_policy: "accept",
  late_until: null,
  late_percent: 10,
  points: 100,
  rubric: [],
  max_attempts: null,
  for_groups: false,
});

/** An assignment made (`id` null), or changed. */
export function AssignmentDialog({
  open,
  id,
  lesson = "",
  ...around
}: Around & { open: boolean; id: string | null; lesson?: string }) {
  return (
    <Dialog
      title={id === null ? "New assignment" : "Edit the assignment"}
      open={open}
      onClose={around.onClose}
    >
      {id === null ? (
        <AssignmentForm id={null} value={newOne(lesson)} etag={null} {...around} />
      ) : (
        <Edit id={id} {...around} />
      )}
    </Dialog>
  );
}

function Edit({ id, ...around }: Around & { id: string }) {
  const { assignments } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    (signal: AbortSignal) => assignments.get(course.id, id, signal),
    [assignments, course.id, id],
  );
  const { read, error, key, reload } = useEdited(load);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!read) return <Loading label="Loading the assignment" />;
  return (
    <AssignmentForm
      key={key}
      id={id}
      value={read.value}
      etag={read.etag}
      onTheirs={() => void reload()}
      {...around}
    />
  );
}

const totalOf = (rubric: readonly Criterion[]): number =>
  Math.round(rubric.reduce((sum, { points }) => sum + points * 100, 0)) / 100;

function AssignmentForm({
  id,
  value,
  etag,
  lessons,
  onClose,
  onDone,
  onTheirs = () => undefined,
}: Around & { id: string | null; value: Value; etag: string | null; onTheirs?: () => void }) {
  const { assignments } = useApi();
  const { course } = useCourse();
  const [due, setDue] = useState(toLocal(value.due_at));
  const [policy, setPolicy] = useState(value.late_policy);
  const [rubric, setRubric] = useState(value.rubric);
  const { form, keepMine } = useEditForm(KNOWN, etag, async (values, version) => {
    const late = due !== "" && policy !== "refuse";
    const wish: AssignmentChange = {
      title: (values.title ?? "").trim(),
      description: (values.description ?? "").trim(),
      lesson_id: values.lesson_id || null,
      due_at: fromLocal(due, value.due_at),
      late_policy: policy,
      late_until: late ? fromLocal(values.late_until ?? "", value.late_until) : null,
      ...(policy === "deduct" && { late_percent: Number(values.late_percent ?? value.late_percent) }),
      points: rubric.length > 0 ? totalOf(rubric) : Number(values.points),
      rubric,
      max_attempts: values.max_attempts ? Number(values.max_attempts) : null,
      for_groups: values.for_groups === "on",
      ...releaseOf(values, value),
    };
    if (id === null) await assignments.add(course.id, wish);
    else await assignments.change(course.id, id, wish, version);
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
        data-testid="assignment-title"
      />
      <TextField
        label="What is to be done"
        name="description"
        rows={5}
        defaultValue={value.description}
        error={form.fields.description}
        data-testid="assignment-description"
      />
      <SelectField
        label="Lesson"
        name="lesson_id"
        defaultValue={value.lesson_id ?? ""}
        error={form.fields.lesson_id}
      >
        <option value="">No lesson</option>
        {lessons.map(({ id: lesson, title }) => (
          <option key={lesson} value={lesson}>
            {title}
          </option>
        ))}
      </SelectField>
      <Field
        label="Due (empty: whenever they like)"
        type="datetime-local"
        value={due}
        onChange={(event) => setDue(event.target.value)}
        error={form.fields.due_at}
        data-testid="assignment-due"
      />
      {due !== "" && (
        <SelectField
          label="Late work"
          value={policy}
          onChange={(event) => setPolicy(event.target.value as LatePolicy)}
          error={form.fields.late_policy}
          data-testid="assignment-late"
        >
          <option value="refuse">Is not accepted</option>
          <option value="accept">Is accepted, and marked as late</option>
          <option value="deduct">Is accepted, with points taken off for each day</option>
        </SelectField>
      )}
      {due !== "" && policy === "deduct" && (
        <Field
          label="Per cent taken off for each day begun"
          name="late_percent"
          type="number"
          required
          min={1}
          max={100}
          defaultValue={value.late_percent || 10}
          error={form.fields.late_percent}
        />
      )}
      {due !== "" && policy !== "refuse" && (
        <Field
          label="Accepted until (empty: at any time)"
          name="late_until"
          type="datetime-local"
          defaultValue={toLocal(value.late_until)}
          error={form.fields.late_until}
        />
      )}
      <CheckField
        label="For groups: one of each group hands in for all"
        hint="You say who works with whom when it is set. It cannot be changed once something was handed in."
        name="for_groups"
        defaultChecked={value.for_groups}
        data-testid="assignment-groups"
      />
      <RubricFields rubric={rubric} onChange={setRubric} />
      {rubric.length === 0 ? (
        <Field
          label="Points"
          name="points"
          type="number"
          required
          min={0}
          max={10_000}
          step={0.01}
          defaultValue={value.points}
          error={form.fields.points}
          data-testid="assignment-points"
        />
      ) : (
        <p className="soft">{plural(totalOf(rubric), "point", "points")} in all.</p>
      )}
      <Field
        label="How often it can be handed in (empty: as often as they like)"
        name="max_attempts"
        type="number"
        min={1}
        max={100}
        defaultValue={value.max_attempts ?? ""}
        error={form.fields.max_attempts}
      />
      <ReleaseFields form={form} value={value} />
      <FormEnds form={form} onCancel={onClose} data-testid="save-assignment">
        {id === null ? "Create assignment" : "Save"}
      </FormEnds>
    </form>
  );
}

const newId = () => crypto.getRandomValues(new Uint32Array(2)).join("-");

function RubricFields({
  rubric,
  onChange,
}: {
  rubric: readonly Criterion[];
  onChange: (rubric: Criterion[]) => void;
}) {
  const put = (id: string, change: Partial<Criterion>) =>
    onChange(rubric.map((one) => (one.id === id ? { ...one, ...change } : one)));
  return (
    <fieldset className="form-part">
      <legend className="field-label">Rubric</legend>
      {rubric.map(({ id, title, points }, index) => (
        <div key={id} className="criterion">
          <Field
            label={`Criterion ${index + 1}`}
            value={title}
            required
            maxLength={200}
            onChange={(event) => put(id, { title: event.target.value })}
            data-testid={`criterion-${index}`}
          />
          <Field
            label="Points"
            type="number"
            required
            min={0}
            max={10_000}
            step={0.01}
            value={Number.isNaN(points) ? "" : points}
            onChange={(event) => put(id, { points: event.target.valueAsNumber })}
            data-testid={`criterion-points-${index}`}
          />
          <Button size="small" icon="trash" onClick={() => onChange(rubric.filter((one) => one.id !== id))}>
            Take out<span className="visually-hidden"> criterion {index + 1}</span>
          </Button>
        </div>
      ))}
      <div>
        <Button
          size="small"
          icon="plus"
          onClick={() => onChange([...rubric, { id: newId(), title: "", description: "", points: 10 }])}
          data-testid="add-criterion"
        >
          Add a criterion
        </Button>
      </div>
    </fieldset>
  );
}
