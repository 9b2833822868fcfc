import { useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { Dialog } from "../../../design/Dialog";
import { CheckField, Field } from "../../../design/Field";
import { useToast } from "../../../design/Toast";
import { useForm } from "../../../hooks/useForm";
import { mayTeach, useApi, useSession } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import { FormEnds } from "../../Submit";
import { useCourse } from "../useCourse";
import { CopyDates, datesIn } from "./CopyDates";

const KNOWN = ["name", "code", "semester", "year", "shift_days", "time_zone"];

export function CopyCourse() {
  const { state } = useSession();
  const [open, setOpen] = useState(false);
  // Who teaches here with a student's account has no courses of their own.
  if (!mayTeach(state)) return null;
  return (
    <Card>
      <div className="form">
        <h2>For another term</h2>
        <p className="soft">
          A copy is a draft with the sections, lessons, materials, assignments, questions and quizzes. No
          student takes part in it yet; recordings and announcements stay here. Say when the new term begins,
          and series, due dates and all other times are there, too, moved by whole weeks. Classes of a series
          that you have moved or cancelled by hand are at the series’ times again.
        </p>
        <p className="soft">
          Without that day there are no series and no dates. What was released on a date is hidden then, and
          so are quizzes that opened at a time or show results once they have closed. The rest is as it was:
          live lessons are open at any time, and other quizzes and assignments for as long as you give them no
          end. See to that before you open the course.
        </p>
        <p>
          <Button icon="copy" onClick={() => setOpen(true)} data-testid="copy-course">
            Copy the course
          </Button>
        </p>
      </div>
      <Dialog title="Copy the course" open={open} onClose={() => setOpen(false)}>
        <CopyForm onClose={() => setOpen(false)} />
      </Dialog>
    </Card>
  );
}

function CopyForm({ onClose }: { onClose: () => void }) {
  const { course } = useCourse();
  const { courses } = useApi();
  const [, go] = useLocation();
  const toast = useToast();
  const form = useForm(KNOWN, async (values) => {
    const { name = "", code = "", semester = "", year = "", staff } = values;
    const made = await courses.copy(course.id, {
      name: name.trim(),
      code: code.trim(),
      semester: semester.trim(),
      year: Number(year),
      staff: staff === "on",
      ...datesIn(values),
    });
    onClose();
    const lost = made.lost_files;
    if (lost.length === 0) toast("This is the copy, as a draft.");
    else
      toast(`This is the copy, as a draft, without what the server had lost before: ${lost.join(", ")}.`, {
        tone: "wrong",
      });
    go(`/courses/${made.id}`);
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <FormTrouble form={form} />
      <Field
        label="Name"
        name="name"
        required
        maxLength={255}
        defaultValue={course.name}
        error={form.fields.name}
      />
      <Field
        label="Code"
        name="code"
        required
        maxLength={50}
        defaultValue={course.code}
        error={form.fields.code}
      />
      <div className="field-row">
        <Field
          label="Term"
          name="semester"
          required
          autoFocus
          maxLength={50}
          defaultValue={course.semester}
          error={form.fields.semester}
          data-testid="copy-semester"
        />
        <Field
          label="Year"
          name="year"
          type="number"
          required
          min={2000}
          max={2100}
          defaultValue={course.year + 1}
          error={form.fields.year}
        />
      </div>
      <CopyDates fields={form.fields} />
      <CheckField label="Its teachers and assistants are there, too" name="staff" defaultChecked />
      <FormEnds form={form} onCancel={onClose} data-testid="copy-submit">
        Copy
      </FormEnds>
    </form>
  );
}
