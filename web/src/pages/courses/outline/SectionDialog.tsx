import { useCallback } from "react";
import type { Section } from "../../../api/outline";
import { Dialog } from "../../../design/Dialog";
import { Field, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useApi } from "../../../session/Session";
import { FormEnds } from "../../Submit";
import { EditTrouble } from "../Overtaken";
import { RELEASE_FIELDS, ReleaseFields, releaseOf } from "../Release";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";

interface Ends {
  onClose: () => void;
  onDone: () => Promise<void>;
}

const NEW = { title: "", description: "", published: true, release_at: null };

/** A section made (`id` null) or changed. */
export function SectionDialog({ open, id, ...ends }: Ends & { open: boolean; id: string | null }) {
  return (
    <Dialog title={id === null ? "New section" : "Edit the section"} open={open} onClose={ends.onClose}>
      {id === null ? <SectionForm id={null} value={NEW} etag={null} {...ends} /> : <Edit id={id} {...ends} />}
    </Dialog>
  );
}

function Edit({ id, ...ends }: Ends & { id: string }) {
  const { outline } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    (signal: AbortSignal) => outline.section(course.id, id, signal),
    [outline, course.id, id],
  );
  const { read, error, key, reload } = useEdited(load);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!read) return <Loading label="Loading the section" />;
  return (
    <SectionForm
      key={key}
      id={id}
      value={read.value}
      etag={read.etag}
      {...ends}
      onTheirs={() => void reload()}
    />
  );
}

function SectionForm({
  id,
  value,
  etag,
  onClose,
  onDone,
  onTheirs = () => undefined,
}: Ends & {
  id: string | null;
  value: Pick<Section, "title" | "description" | "published" | "release_at">;
  etag: string | null;
  onTheirs?: () => void;
}) {
  const { outline } = useApi();
  const { course } = useCourse();
  const { form, keepMine } = useEditForm(
    ["title", "description", ...RELEASE_FIELDS],
    etag,
    async (values, version) => {
      const { title = "", description = "" } = values;
      const wish = { title: title.trim(), description: description.trim(), ...releaseOf(values, value) };
      if (id === null) await outline.addSection(course.id, wish);
      else await outline.changeSection(course.id, id, wish, version);
      onClose();
      await onDone();
    },
  );
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
        data-testid="section-title"
      />
      <TextField
        label="Description"
        name="description"
        maxLength={20_000}
        defaultValue={value.description}
        error={form.fields.description}
      />
      <ReleaseFields form={form} value={value} />
      <FormEnds form={form} onCancel={onClose} data-testid="save-section">
        {id === null ? "Add section" : "Save"}
      </FormEnds>
    </form>
  );
}
