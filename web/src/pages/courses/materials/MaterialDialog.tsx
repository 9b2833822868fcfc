import { useCallback } from "react";
import type { Versioned } from "../../../api/courses";
import type { Material } from "../../../api/materials";
import type { Lesson } from "../../../api/outline";
import { Dialog } from "../../../design/Dialog";
import { Field, SelectField, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useApi } from "../../../session/Session";
import { FormEnds } from "../../Submit";
import { EditTrouble } from "../Overtaken";
import { RELEASE_FIELDS, ReleaseFields, releaseOf } from "../Release";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";

interface Around {
  lessons: readonly Lesson[];
  onClose: () => void;
  onDone: () => Promise<void>;
}

const KNOWN = ["title", "description", "lesson_id", ...RELEASE_FIELDS] as const;

/** What a material is called, where it belongs and who sees it. */
export function MaterialDialog({ id, ...around }: Around & { id: string | null }) {
  return (
    <Dialog title="Edit the material" open={id !== null} onClose={around.onClose}>
      {id !== null && <Edit id={id} {...around} />}
    </Dialog>
  );
}

function Edit({ id, ...around }: Around & { id: string }) {
  const { materials } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    (signal: AbortSignal) => materials.get(course.id, id, signal),
    [materials, course.id, id],
  );
  const { read, error, key, reload } = useEdited(load);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!read) return <Loading label="Loading the material" />;
  return <MaterialForm key={key} read={read} onTheirs={() => void reload()} {...around} />;
}

function MaterialForm({
  read: { value, etag },
  lessons,
  onTheirs,
  onClose,
  onDone,
}: Around & { read: Versioned<Material>; onTheirs: () => void }) {
  const { materials } = useApi();
  const { form, keepMine } = useEditForm(KNOWN, etag, async (values, version) => {
    const wish = {
      title: (values.title ?? "").trim(),
      description: (values.description ?? "").trim(),
      lesson_id: values.lesson_id || null,
      ...releaseOf(values, value),
    };
    await materials.change(value.course_id, value.id, wish, version);
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
        data-testid="material-title"
      />
      <TextField
        label="Description"
        name="description"
        defaultValue={value.description}
        error={form.fields.description}
        data-testid="material-description"
      />
      <SelectField
        label="Belongs to"
        name="lesson_id"
        defaultValue={value.lesson_id ?? ""}
        hint="What belongs to a lesson is seen once the lesson is."
        error={form.fields.lesson_id}
      >
        <option value="">the whole course</option>
        {lessons.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </SelectField>
      <ReleaseFields form={form} value={value} />
      <FormEnds form={form} onCancel={onClose} data-testid="save-material">
        Save
      </FormEnds>
    </form>
  );
}
