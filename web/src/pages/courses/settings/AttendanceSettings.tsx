/** What of a class counts as attended, by how long somebody was there, and what of a recording as completed. */
import { useCallback, useEffect, useRef } from "react";
import type { AttendanceRules } from "../../../api/attendance_rules";
import type { Versioned } from "../../../api/courses";
import { Card } from "../../../design/Card";
import { Field } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useToast } from "../../../design/Toast";
import type { FormState } from "../../../hooks/useForm";
import { useApi } from "../../../session/Session";
import { Submit } from "../../Submit";
import { EditTrouble } from "../Overtaken";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";
import { FIELDS, isSame, percentOf, rulesOf } from "./attendance_rules";

const HERE = "attendance";

export function AttendanceSettings() {
  const { course } = useCourse();
  const { attendanceRules } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => attendanceRules.get(course.id, signal),
    [attendanceRules, course.id],
  );
  const { read, error, key, reload } = useEdited(load);
  const head = useRef<HTMLHeadingElement>(null);
  const isThere = read !== null;
  useEffect(() => {
    // The attendance sheets lead here; before it is read there is nothing to go to.
    if (isThere && window.location.hash === `#${HERE}`) head.current?.focus();
  }, [isThere]);
  return (
    <Card>
      <div className="form">
        <h2 id={HERE} ref={head} tabIndex={-1}>
          What counts as attended and completed
        </h2>
        <p className="soft">
          A class is measured as it was held: from when its staff came until they left. Reconnections of up to
          a minute count as being there. Of a recording counts what was played at least once.
        </p>
        {error && <Notice tone="wrong">{error}</Notice>}
        {!read && !error && <Loading label="Loading the rules" />}
        {read && <RulesForm key={key} read={read} reload={reload} />}
      </div>
    </Card>
  );
}

function RulesForm({ read, reload }: { read: Versioned<AttendanceRules>; reload: () => Promise<void> }) {
  const { course } = useCourse();
  const { attendanceRules } = useApi();
  const toast = useToast();
  const { form, keepMine } = useEditForm(FIELDS, read.etag, async (values, version) => {
    const rules = rulesOf(values);
    if (version !== null && isSame(rules, read.value)) return void toast("Nothing was changed.");
    await attendanceRules.set(course.id, rules, version);
    toast("Saved. All classes and recordings count by this now.");
    await reload();
  });
  return (
    <form className="form" onSubmit={form.onSubmit} data-testid="attendance-rules">
      <Shares form={form} rules={read.value} />
      <div className="field-row attendance-shares">
        <Field
          label="A recording is completed from (percent)"
          name="completion_ratio"
          type="number"
          required
          min={50}
          max={100}
          step={5}
          defaultValue={percentOf(read.value.completion_ratio)}
          hint="So much of it was seen. In steps of five; less than everything, as many leave at the last words."
          error={form.fields.completion_ratio}
          data-testid="rule-completion"
        />
        <Field
          label="A recording makes up for a class within (days)"
          name="credit_days"
          type="number"
          min={1}
          max={366}
          placeholder="Never"
          defaultValue={read.value.credit_days ?? ""}
          hint="Who was absent and completes the recording in time has “saw the recording” beside the status, which stays “absent”."
          error={form.fields.credit_days}
          data-testid="rule-credit"
        />
      </div>
      <p className="soft">
        Classes that were held and recordings that were watched are judged by it at once, too: sheets, reports
        and charts may say something else than before. How long people were there and what they saw does not
        change, and corrections by hand stay.
      </p>
      <EditTrouble form={form} onTheirs={() => void reload()} onMine={keepMine} />
      <p>
        <Submit form={form} data-testid="save-rules">
          Save
        </Submit>
      </p>
    </form>
  );
}

function Shares({ form, rules }: { form: FormState; rules: AttendanceRules }) {
  const share = { type: "number", min: 1, max: 100, step: 0.1 } as const;
  return (
    <>
      <div className="field-row attendance-shares">
        <Field
          {...share}
          label="Present from (percent)"
          name="present_ratio"
          required
          defaultValue={percentOf(rules.present_ratio)}
          hint="There for so much of the class, and in time."
          error={form.fields.present_ratio}
          data-testid="rule-present"
        />
        <Field
          label="In time up to (minutes)"
          name="late_after_minutes"
          type="number"
          required
          min={0}
          max={600}
          defaultValue={rules.late_after_minutes}
          hint="After it began. Who comes later is late, however long they stay."
          error={form.fields.late_after_minutes}
          data-testid="rule-minutes"
        />
      </div>
      <div className="field-row attendance-shares">
        <Field
          {...share}
          label="Late from (percent)"
          name="late_ratio"
          required
          defaultValue={percentOf(rules.late_ratio)}
          hint="There for so much, but not “present”. Counts half."
          error={form.fields.late_ratio}
          data-testid="rule-late"
        />
        <Field
          {...share}
          label="Partial from (percent)"
          name="partial_ratio"
          placeholder="No such status"
          defaultValue={percentOf(rules.partial_ratio)}
          hint="There for so much, but less than for “late”. Counts half; below it is absent."
          error={form.fields.partial_ratio}
          data-testid="rule-partial"
        />
      </div>
    </>
  );
}
