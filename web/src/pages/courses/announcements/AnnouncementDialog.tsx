import { useCallback } from "react";
import { Dialog } from "../../../design/Dialog";
import { Field, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useApi } from "../../../session/Session";
import { FormEnds } from "../../Submit";
import { EditTrouble } from "../Overtaken";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";

interface Ends {
  onClose: () => void;
  onDone: () => Promise<void>;
}

/** An announcement made (`id` null) or changed. */
export function AnnouncementDialog({ open, id, ...ends }: Ends & { open: boolean; id: string | null }) {
  return (
    <Dialog
      title={id === null ? "Announce something" : "Edit the announcement"}
      open={open}
      onClose={ends.onClose}
    >
      {id === null ? (
        <AnnouncementForm id={null} title="" body="" etag={null} {...ends} />
      ) : (
        <Edit id={id} {...ends} />
      )}
    </Dialog>
  );
}

function Edit({ id, ...ends }: Ends & { id: string }) {
  const { announcements } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    (signal: AbortSignal) => announcements.get(course.id, id, signal),
    [announcements, course.id, id],
  );
  const { read, error, key, reload } = useEdited(load);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!read) return <Loading label="Loading the announcement" />;
  const { title, body } = read.value;
  return (
    <AnnouncementForm
      key={key}
      id={id}
      title={title}
      body={body}
      etag={read.etag}
      onTheirs={() => void reload()}
      {...ends}
    />
  );
}

function AnnouncementForm({
  id,
  title,
  body,
  etag,
  onClose,
  onDone,
  onTheirs = () => undefined,
}: Ends & { id: string | null; title: string; body: string; etag: string | null; onTheirs?: () => void }) {
  const { announcements } = useApi();
  const { course } = useCourse();
  const { form, keepMine } = useEditForm(["title", "body"], etag, async (values, version) => {
    const wish = { title: (values.title ?? "").trim(), body: (values.body ?? "").trim() };
    if (id === null) await announcements.add(course.id, wish);
    else await announcements.change(course.id, id, wish, version);
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
        defaultValue={title}
        error={form.fields.title}
        data-testid="announcement-title"
      />
      <TextField
        label="Text"
        name="body"
        rows={7}
        maxLength={20_000}
        defaultValue={body}
        error={form.fields.body}
        data-testid="announcement-body"
      />
      <FormEnds form={form} onCancel={onClose} data-testid="send-announcement">
        {id === null ? "Announce" : "Save"}
      </FormEnds>
    </form>
  );
}
