import { useCallback } from "react";
import { readFirst } from "../../../api/pages";
import type { Schedule } from "../../../api/schedules";
import { Dialog } from "../../../design/Dialog";
import { CheckField, Field, SelectField, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { zoneHere } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { FormEnds } from "../../Submit";
import { EditTrouble } from "../Overtaken";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";
import { RuleFields, ruleOf } from "./RuleFields";
import { zonesFor } from "./zones";

interface Ends {
  onClose: () => void;
  onDone: () => Promise<void>;
}

type Value = Pick<
  Schedule,
  | "title"
  | "description"
  | "rule"
  | "time_zone"
  | "first_start"
  | "duration_minutes"
  | "section_id"
  | "published"
>;

const KNOWN = ["title", "description", "rule", "time_zone", "first_start", "duration_minutes", "section_id"];

const newSeries = (): Value => ({
  title: "",
  description: "",
  rule: "FREQ=WEEKLY",
  time_zone: zoneHere(),
  first_start: "",
  duration_minutes: 45,
  section_id: null,
  published: true,
});

/** A series made (`id` null) or changed. */
export function SeriesDialog({ open, id, ...ends }: Ends & { open: boolean; id: string | null }) {
  return (
    <Dialog title={id === null ? "New series" : "Edit the series"} open={open} onClose={ends.onClose}>
      {id === null ? (
        <SeriesForm id={null} value={newSeries()} etag={null} {...ends} />
      ) : (
        <Edit id={id} {...ends} />
      )}
    </Dialog>
  );
}

function Edit({ id, ...ends }: Ends & { id: string }) {
  const { schedules } = useApi();
  const { course } = useCourse();
  const load = useCallback(
    (signal: AbortSignal) => schedules.get(course.id, id, signal),
    [schedules, course.id, id],
  );
  const { read, error, key, reload } = useEdited(load);
  if (error) return <Notice tone="wrong">{error}</Notice>;
  if (!read) return <Loading label="Loading the series" />;
  return (
    <SeriesForm
      key={key}
      id={id}
      value={read.value}
      etag={read.etag}
      onTheirs={() => void reload()}
      {...ends}
    />
  );
}

function SeriesForm({
  id,
  value,
  etag,
  onClose,
  onDone,
  onTheirs = () => undefined,
}: Ends & { id: string | null; value: Value; etag: string | null; onTheirs?: () => void }) {
  const { schedules } = useApi();
  const { course } = useCourse();
  const { form, keepMine } = useEditForm(KNOWN, etag, async (values, version) => {
    const { title = "", description = "", time_zone = "", first_start = "", duration_minutes = "" } = values;
    const wish = {
      title: title.trim(),
      description: description.trim(),
      rule: ruleOf(values),
      time_zone,
      first_start,
      duration_minutes: Number(duration_minutes),
      published: values.published === "on",
      // Without sections, and before they are there, nobody is asked.
      section_id: "section_id" in values ? values.section_id || null : value.section_id,
    };
    if (id === null) await schedules.add(course.id, wish);
    else await schedules.change(course.id, id, wish, version);
    onClose();
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      {id !== null && (
        <p className="soft">
          A change is for what has not begun; lessons that were moved, cancelled, shown or hidden by
          themselves stay as they are, and so does today's where its new time is over.
        </p>
      )}
      <EditTrouble form={form} onTheirs={onTheirs} onMine={keepMine} />
      <Field
        label="Title of its lessons"
        name="title"
        required
        autoFocus
        maxLength={200}
        autoComplete="off"
        placeholder="Lecture"
        defaultValue={value.title}
        error={form.fields.title}
        data-testid="series-title"
      />
      <div className="field-row">
        <Field
          label="First class"
          name="first_start"
          type="datetime-local"
          required
          defaultValue={value.first_start}
          error={form.fields.first_start}
          data-testid="series-first"
        />
        <Field
          label="Length (minutes)"
          name="duration_minutes"
          type="number"
          required
          min={1}
          max={1440}
          defaultValue={value.duration_minutes}
          error={form.fields.duration_minutes}
          data-testid="series-minutes"
        />
      </div>
      <SelectField
        label="Time zone"
        name="time_zone"
        defaultValue={value.time_zone}
        hint="Eight o'clock stays eight o'clock there, in summer and in winter."
        error={form.fields.time_zone}
        data-testid="series-zone"
      >
        {zonesFor(value.time_zone).map((zone) => (
          <option key={zone} value={zone}>
            {zone.replaceAll("_", " ")}
          </option>
        ))}
      </SelectField>
      <RuleFields rule={value.rule} error={form.fields.rule} />
      <Sections chosen={value.section_id} error={form.fields.section_id} />
      <TextField
        label="Description"
        name="description"
        rows={3}
        maxLength={20_000}
        defaultValue={value.description}
        error={form.fields.description}
      />
      <CheckField
        label="Students see its lessons"
        name="published"
        defaultChecked={value.published}
        data-testid="series-published"
      />
      <FormEnds form={form} onCancel={onClose} data-testid="save-series">
        {id === null ? "Make the series" : "Save"}
      </FormEnds>
    </form>
  );
}

/** Where the lessons of a series are put; nothing where there are no sections. */
function Sections({ chosen, error }: { chosen: string | null; error: string | undefined }) {
  const { course } = useCourse();
  const { outline } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => readFirst(200, (page) => outline.sections(course.id, page, signal)),
    [outline, course.id],
  );
  const { data } = useLoaded(load);
  if (!data || data.items.length === 0) return null;
  return (
    <SelectField label="Section" name="section_id" defaultValue={chosen ?? ""} error={error}>
      <option value="">In no section</option>
      {data.items.map(({ id, title }) => (
        <option key={id} value={id}>
          {title}
        </option>
      ))}
    </SelectField>
  );
}
