import { useState } from "react";
import type { Course, CourseStatus } from "../../../api/courses";
import { CheckField, Field, SelectField, TextField } from "../../../design/Field";
import { useToast } from "../../../design/Toast";
import type { FormState } from "../../../hooks/useForm";
import { useApi } from "../../../session/Session";
import { Submit } from "../../Submit";
import { STATUS_ORDER, STATUSES } from "../course_words";
import { EditTrouble } from "../Overtaken";
import { useEditForm } from "../useEdit";
import { changeOf, FIELDS } from "./change";

interface PartProps {
  form: FormState;
  course: Course;
}

export function DetailsForm({
  course,
  etag,
  onDone,
  onTheirs,
}: {
  course: Course;
  etag: string | null;
  onDone: () => Promise<void>;
  onTheirs: () => Promise<void>;
}) {
  const { courses } = useApi();
  const toast = useToast();
  const { form, keepMine } = useEditForm(FIELDS, etag, async (values, version) => {
    const change = changeOf(course, values);
    if (Object.keys(change).length === 0) return void toast("Nothing was changed.");
    await courses.change(course.id, change, version);
    toast("Saved.");
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <State form={form} course={course} />
      <Names form={form} course={course} />
      <Joining form={form} course={course} />
      <Lessons form={form} course={course} />
      <EditTrouble form={form} onTheirs={() => void onTheirs()} onMine={keepMine} />
      <p>
        <Submit form={form} data-testid="save-course">
          Save
        </Submit>
      </p>
    </form>
  );
}

function State({ form, course }: PartProps) {
  const [status, setStatus] = useState(course.status);
  return (
    <fieldset className="form-part">
      <legend>State</legend>
      <SelectField
        label="State of the course"
        name="status"
        value={status}
        onChange={(event) => setStatus(event.target.value as CourseStatus)}
        hint={STATUSES[status].hint}
        error={form.fields.status}
        data-testid="set-status"
      >
        {STATUS_ORDER.map((one) => (
          <option key={one} value={one}>
            {STATUSES[one].label}
          </option>
        ))}
      </SelectField>
    </fieldset>
  );
}

function Names({ form, course }: PartProps) {
  return (
    <fieldset className="form-part">
      <legend>What it is</legend>
      <Field
        label="Name"
        name="name"
        required
        maxLength={255}
        autoComplete="off"
        defaultValue={course.name}
        error={form.fields.name}
        data-testid="set-name"
      />
      <div className="field-row">
        <Field
          label="Code"
          name="code"
          required
          maxLength={50}
          autoComplete="off"
          defaultValue={course.code}
          error={form.fields.code}
        />
        <Field
          label="Department"
          name="department"
          maxLength={200}
          autoComplete="off"
          defaultValue={course.department}
          error={form.fields.department}
        />
      </div>
      <div className="field-row">
        <Field
          label="Term"
          name="semester"
          required
          maxLength={50}
          autoComplete="off"
          defaultValue={course.semester}
          error={form.fields.semester}
        />
        <Field
          label="Year"
          name="year"
          type="number"
          required
          min={2000}
          max={2100}
          defaultValue={course.year}
          error={form.fields.year}
        />
      </div>
      <TextField
        label="Description"
        name="description"
        maxLength={20_000}
        defaultValue={course.description}
        error={form.fields.description}
        data-testid="set-description"
      />
    </fieldset>
  );
}

function Joining({ form, course }: PartProps) {
  return (
    <fieldset className="form-part">
      <legend>Who may join</legend>
      <Field
        label="Places"
        name="max_students"
        type="number"
        min={1}
        max={100_000}
        placeholder="As many as come"
        defaultValue={course.max_students ?? ""}
        hint="Fewer than there are throws nobody out."
        error={form.fields.max_students}
        data-testid="set-places"
      />
      <CheckField
        label="When it is full, people wait for a place"
        name="waiting_list"
        hint="Else they are refused."
        defaultChecked={course.waiting_list}
      />
      <CheckField
        label="Everybody with an account finds it"
        name="listed"
        hint="Under “To join”, while it is active."
        defaultChecked={course.listed}
      />
      <CheckField
        label="Who finds it joins by themselves"
        name="self_enrolment"
        hint="Else by a code, a link, or the staff alone."
        defaultChecked={course.self_enrolment}
      />
    </fieldset>
  );
}

function Lessons({ form, course }: PartProps) {
  return (
    <fieldset className="form-part">
      <legend>Live lessons</legend>
      <div className="field-row">
        <Field
          label="Opens before its start (minutes)"
          name="lesson_opens_minutes"
          type="number"
          required
          min={0}
          max={1440}
          defaultValue={course.lesson_opens_minutes}
          error={form.fields.lesson_opens_minutes}
        />
        <Field
          label="Open after its end (minutes)"
          name="lesson_grace_minutes"
          type="number"
          required
          min={0}
          max={1440}
          defaultValue={course.lesson_grace_minutes}
          error={form.fields.lesson_grace_minutes}
        />
      </div>
      <div className="field-row">
        <SelectField
          label="Recording"
          name="record_lessons"
          defaultValue={course.record_lessons}
          error={form.fields.record_lessons}
        >
          <option value="by_hand">When somebody presses Record</option>
          <option value="automatic">By itself, every lesson</option>
        </SelectField>
        <SelectField
          label="Students see recordings"
          name="publish_rule"
          defaultValue={course.publish_rule}
          error={form.fields.publish_rule}
        >
          <option value="after_review">Once staff have published them</option>
          <option value="at_once">At once</option>
        </SelectField>
      </div>
      <CheckField
        label="Lessons go by mail into everybody's calendar"
        name="mail_lessons"
        hint="Those to come, and what becomes of them, while the course is active."
        defaultChecked={course.mail_lessons}
      />
    </fieldset>
  );
}
