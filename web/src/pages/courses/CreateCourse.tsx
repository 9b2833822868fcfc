import type { Course } from "../../api/courses";
import { Dialog } from "../../design/Dialog";
import { Field } from "../../design/Field";
import { useForm } from "../../hooks/useForm";
import { useApi } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { FormEnds } from "../Submit";
import { yearNow } from "./course_words";

interface Props {
  open: boolean;
  onClose: () => void;
  onCreated: (course: Course) => void;
}

export function CreateCourse(props: Props) {
  return (
    <Dialog title="New course" open={props.open} onClose={props.onClose}>
      <CreateCourseForm {...props} />
    </Dialog>
  );
}

function CreateCourseForm({ onClose, onCreated }: Props) {
  const { courses } = useApi();
  const form = useForm(["name", "code", "semester", "year"], async (values) => {
    const { name = "", code = "", semester = "", year = "" } = values;
    const made = await courses.create({
      name: name.trim(),
      code: code.trim(),
      semester: semester.trim(),
      year: Number(year),
    });
    onClose();
    onCreated(made);
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">It begins as a draft: only you see it until you make it active.</p>
      <FormTrouble form={form} />
      <Field
        label="Name"
        name="name"
        required
        autoFocus
        maxLength={255}
        autoComplete="off"
        placeholder="Mechanics I"
        error={form.fields.name}
        data-testid="course-name"
      />
      <Field
        label="Code"
        name="code"
        required
        maxLength={50}
        autoComplete="off"
        placeholder="PHY-101"
        hint="What your school calls it."
        error={form.fields.code}
        data-testid="course-code"
      />
      <div className="field-row">
        <Field
          label="Term"
          name="semester"
          required
          maxLength={50}
          autoComplete="off"
          placeholder="Autumn"
          error={form.fields.semester}
          data-testid="course-semester"
        />
        <Field
          label="Year"
          name="year"
          type="number"
          required
          min={2000}
          max={2100}
          defaultValue={yearNow()}
          error={form.fields.year}
          data-testid="course-year"
        />
      </div>
      <FormEnds form={form} onCancel={onClose} data-testid="create-course-submit">
        Create course
      </FormEnds>
    </form>
  );
}
