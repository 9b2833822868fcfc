import type { RoleInCourse } from "../../../api/enrolments";
import { Dialog } from "../../../design/Dialog";
import { Field, SelectField } from "../../../design/Field";
import { useToast } from "../../../design/Toast";
import { useForm } from "../../../hooks/useForm";
import { useApi } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import { ROLE_NAMES } from "../../people/roles";
import { FormEnds } from "../../Submit";
import { useCourse } from "../useCourse";

interface Props {
  open: boolean;
  onClose: () => void;
  onDone: () => Promise<void>;
}

export function EnrolDialog(props: Props) {
  return (
    <Dialog title="Enrol somebody" open={props.open} onClose={props.onClose}>
      <EnrolForm {...props} />
    </Dialog>
  );
}

function EnrolForm({ onClose, onDone }: Props) {
  const { enrolments } = useApi();
  const { course, may } = useCourse();
  const toast = useToast();
  const roles: readonly RoleInCourse[] = may("appoint") ? ["student", "assistant", "teacher"] : ["student"];
  const form = useForm(["email", "role"], async ({ email = "", role = "student" }) => {
    const made = await enrolments.enrol(course.id, email.trim(), role as RoleInCourse);
    toast(
      made.status === "waiting"
        ? `All places are taken: ${made.full_name} is on the waiting list.`
        : `${made.full_name} is in the course.`,
    );
    onClose();
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">
        They need an account here already. Who has none gets one by an invitation, or by a code or a link of
        this course.
      </p>
      <FormTrouble form={form} />
      <Field
        label="Email"
        name="email"
        type="email"
        required
        autoFocus
        autoComplete="off"
        error={form.fields.email}
        data-testid="enrol-email"
      />
      {roles.length > 1 && (
        <SelectField label="Role" name="role" error={form.fields.role} data-testid="enrol-role">
          {roles.map((role) => (
            <option key={role} value={role}>
              {ROLE_NAMES[role]}
            </option>
          ))}
        </SelectField>
      )}
      <FormEnds form={form} onCancel={onClose} data-testid="enrol-submit">
        Enrol
      </FormEnds>
    </form>
  );
}
