/** Filing a recording in a course: found by words, perhaps under a lesson. */
import { useCallback, useState } from "react";
import { readFirst } from "../../../api/pages";
import { Dialog } from "../../../design/Dialog";
import { SelectField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { momentWithin } from "../../../format";
import { useForm } from "../../../hooks/useForm";
import { useLoaded } from "../../../hooks/useLoaded";
import { useSettled } from "../../../hooks/useSettled";
import { useApi } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import { FormEnds } from "../../Submit";
import { useCourse } from "../useCourse";
import { findUnfiled, readFiled, whyNone } from "./unfiled";

interface Props {
  open: boolean;
  onClose: () => void;
  onDone: () => Promise<void>;
}

const LESSONS = 1000;

export function FileDialog(props: Props) {
  return (
    <Dialog title="File a recording" open={props.open} onClose={props.onClose}>
      <FileForm {...props} />
    </Dialog>
  );
}

function FileForm({ onClose, onDone }: Props) {
  const { course } = useCourse();
  const { recordings, outline, courseRecordings } = useApi();
  const [words, setWords] = useState("");
  const q = useSettled(words.trim());
  const readThere = useCallback(
    (signal: AbortSignal) => readFiled(courseRecordings, course.id, signal),
    [courseRecordings, course.id],
  );
  const filed = useLoaded(readThere);
  const there = filed.data;
  const find = useCallback(
    async (signal: AbortSignal) => there && findUnfiled(recordings, there, q, signal),
    [recordings, there, q],
  );
  const lessons = useCallback(
    (signal: AbortSignal) => readFirst(LESSONS, (page) => outline.lessons(course.id, page, signal)),
    [outline, course.id],
  );
  const found = useLoaded(find);
  const error = filed.error ?? found.error;
  const all = useLoaded(lessons);
  const form = useForm(["recording_id", "lesson_id"], async ({ recording_id = "", lesson_id = "" }) => {
    await courseRecordings.file(course.id, { recording_id, lesson_id: lesson_id || null });
    onClose();
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">From then on it is for the people of this course, and no longer for everybody.</p>
      <FormTrouble form={form} />
      {error && <Notice tone="wrong">{error}</Notice>}
      <SearchInput label="Search recordings" value={words} onChange={setWords} testId="file-search" />
      <SelectField
        label="Recording"
        name="recording_id"
        required
        hint={found.data?.items.length === 0 && whyNone(q, found.data)}
        error={form.fields.recording_id}
        data-testid="file-which"
      >
        {found.data?.items.map(({ recording_id, title, started_at }) => (
          <option key={recording_id} value={recording_id}>
            {title || "Untitled"} ({momentWithin(started_at)})
          </option>
        ))}
      </SelectField>
      <SelectField label="Under the lesson" name="lesson_id" error={form.fields.lesson_id}>
        <option value="">No lesson</option>
        {all.data?.items.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </SelectField>
      <FormEnds
        form={form}
        onCancel={onClose}
        disabled={!found.data || found.data.items.length === 0}
        data-testid="file-submit"
      >
        File it
      </FormEnds>
    </form>
  );
}
