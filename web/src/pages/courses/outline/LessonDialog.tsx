import { useCallback, useState } from "react";
import type { Lesson, LessonKind, Section } from "../../../api/outline";
import { Dialog } from "../../../design/Dialog";
import { Field, SelectField, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import type { FormState } from "../../../hooks/useForm";
import { useApi } from "../../../session/Session";
import { FormEnds } from "../../Submit";
import { fromLocal, later, toLocal } from "../local_time";
import { EditTrouble } from "../Overtaken";
import { RELEASE_FIELDS, ReleaseFields, releaseOf } from "../Release";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";
import { KINDS } from "./LessonRow";

interface Around {
  sections: readonly Section[];
  onClose: () => void;
  onDone: () => Promise<void>;
}

type Value = Omit<
  Lesson,
  "id" | "course_id" | "cancelled" | "over_at" | "schedule_id" | "touched" | "room_id"
>;

const KNOWN = [
  "kind",
  "title",
  "description",
  "section_id",
  "starts_at",
  "ends_at",
  ...RELEASE_FIELDS,
] as const;
const USUAL_MINUTES = 45;

const newLesson = (section_id: string | null): Value => ({
  section_id,
  kind: "live",
  title: "",
  description: "",
  published: true,
  release_at: null,
  starts_at: null,
  ends_at: null,
});

/** A lesson made (`id` null), or changed. */
export function LessonDialog({
  open,
  id,
  section,
  ...around
}: Around & { open: boolean; id: string | null; section: string | null }) {
  return (
    <Dialog title={id === null ? "New lesson" : "Edit the lesson"} open={open} onClose={around.onClose}>
      {id === null ? (
        <LessonForm id={null} value={newLesson(section)} etag={null} {...around} />
      ) : (
        <Edit id={id} {...around} />
      )}
    </Dialog>
  );
}

function Edit({ id, ...around }: Around & { id: string }) {
  const { outline } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    (signal: AbortSignal) => outline.lesson(course.id, id, signal),
    [outline, course.id, id],
  );
  const { read, error, key, reload } = useEdited(load);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!read) return <Loading label="Loading the lesson" />;
  return (
    <LessonForm
      key={key}
      id={id}
      value={read.value}
      inSeries={read.value.schedule_id !== null}
      etag={read.etag}
      {...around}
      onTheirs={() => void reload()}
    />
  );
}

function LessonForm({
  id,
  value,
  inSeries = false,
  etag,
  sections,
  onClose,
  onDone,
  onTheirs = () => undefined,
}: Around & {
  id: string | null;
  value: Value;
  inSeries?: boolean;
  etag: string | null;
  onTheirs?: () => void;
}) {
  const { outline } = useApi();
  const { course } = useCourse();
  const [kind, setKind] = useState<LessonKind>(value.kind);
  const { form, keepMine } = useEditForm(KNOWN, etag, async (values, version) => {
    const { title = "", description = "", section_id = "", starts_at = "", ends_at = "" } = values;
    const wish = {
      title: title.trim(),
      description: description.trim(),
      ...releaseOf(values, value),
      ...(kind === "live" && {
        starts_at: fromLocal(starts_at, value.starts_at),
        ends_at: fromLocal(ends_at, value.ends_at),
      }),
    };
    const section = section_id || null;
    if (id === null) await outline.addLesson(course.id, { ...wish, kind, section_id: section });
    else {
      // Naming the section that it is in would make it the last there.
      const moved = section !== value.section_id && { section_id: section };
      await outline.changeLesson(course.id, id, { ...wish, ...moved }, version);
    }
    onClose();
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <EditTrouble form={form} onTheirs={onTheirs} onMine={keepMine} />
      {id === null && (
        <SelectField
          label="What it is"
          value={kind}
          onChange={(event) => setKind(event.target.value as LessonKind)}
          error={form.fields.kind}
          data-testid="lesson-kind"
        >
          {(Object.keys(KINDS) as LessonKind[]).map((one) => (
            <option key={one} value={one}>
              {KINDS[one].label}
            </option>
          ))}
        </SelectField>
      )}
      <Field
        label="Title"
        name="title"
        required
        autoFocus
        maxLength={200}
        autoComplete="off"
        defaultValue={value.title}
        error={form.fields.title}
        data-testid="lesson-title"
      />
      {kind === "live" && <Times form={form} value={value} inSeries={inSeries} />}
      {sections.length > 0 && (
        <SelectField
          label="Section"
          name="section_id"
          defaultValue={value.section_id ?? ""}
          error={form.fields.section_id}
          data-testid="lesson-section"
        >
          <option value="">In no section</option>
          {sections.map(({ id: section, title }) => (
            <option key={section} value={section}>
              {title}
            </option>
          ))}
        </SelectField>
      )}
      <TextField
        label="Description"
        name="description"
        maxLength={20_000}
        rows={3}
        defaultValue={value.description}
        error={form.fields.description}
      />
      <ReleaseFields form={form} value={value} />
      <FormEnds form={form} onCancel={onClose} data-testid="save-lesson">
        {id === null ? "Add lesson" : "Save"}
      </FormEnds>
    </form>
  );
}

/** When a live lesson is; an end follows the start until somebody sets another. */
function Times({ form, value, inSeries }: { form: FormState; value: Value; inSeries: boolean }) {
  const [start, setStart] = useState(toLocal(value.starts_at));
  const [end, setEnd] = useState(toLocal(value.ends_at));
  const [minutes, setMinutes] = useState(() => lengthOf(value) ?? USUAL_MINUTES);
  const moveStart = (text: string) => {
    setStart(text);
    setEnd(text && later(text, minutes));
  };
  const moveEnd = (text: string) => {
    setEnd(text);
    const length = (Date.parse(text) - Date.parse(start)) / 60_000;
    if (length > 0) setMinutes(length);
  };
  return (
    <>
      <div className="field-row">
        <Field
          label="Starts"
          name="starts_at"
          type="datetime-local"
          value={start}
          onChange={(event) => moveStart(event.target.value)}
          error={form.fields.starts_at}
          data-testid="lesson-starts"
        />
        <Field
          label="Ends"
          name="ends_at"
          type="datetime-local"
          value={end}
          min={start}
          onChange={(event) => moveEnd(event.target.value)}
          error={form.fields.ends_at}
          data-testid="lesson-ends"
        />
      </div>
      <p className="field-hint">
        {inSeries
          ? "It is one of a series. With another time it keeps that, whatever becomes of the series."
          : "By the clock here. Without a time its room is open as long as the course is active."}
      </p>
    </>
  );
}

const lengthOf = ({ starts_at, ends_at }: Value): number | null =>
  starts_at && ends_at ? (Date.parse(ends_at) - Date.parse(starts_at)) / 60_000 : null;
