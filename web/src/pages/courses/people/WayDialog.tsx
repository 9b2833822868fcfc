/** Making a code or a link, which is shown then: a link this once. */
import { useState } from "react";
import type { MadeInvitation, RoleInCourse } from "../../../api/enrolments";
import { Button } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { Field, SelectField } from "../../../design/Field";
import { useForm } from "../../../hooks/useForm";
import { useApi } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import { ROLE_NAMES } from "../../people/roles";
import { FormEnds } from "../../Submit";
import { CopyLine } from "../CopyLine";
import { useCourse } from "../useCourse";
import { TERMS } from "./way_words";

interface Props {
  open: boolean;
  onClose: () => void;
  onDone: () => Promise<void>;
}

export function WayDialog(props: Props) {
  return (
    <Dialog title="New code or link" open={props.open} onClose={props.onClose}>
      <WayForm {...props} />
    </Dialog>
  );
}

function WayForm({ onClose, onDone }: Props) {
  const { enrolments } = useApi();
  const { course, may } = useCourse();
  const [made, setMade] = useState<MadeInvitation | null>(null);
  const roles: readonly RoleInCourse[] = may("appoint") ? ["student", "assistant", "teacher"] : ["student"];
  const form = useForm(["kind", "role", "label", "max_uses", "ttl_seconds"], async (values) => {
    const { kind, role = "student", label = "", max_uses = "", ttl_seconds = "" } = values;
    setMade(
      await enrolments.invite(course.id, {
        kind: kind === "link" ? "link" : "code",
        role: role as RoleInCourse,
        label: label.trim(),
        max_uses: max_uses === "" ? null : Number(max_uses),
        ttl_seconds: ttl_seconds === "" ? null : Number(ttl_seconds),
      }),
    );
    await onDone();
  });
  if (made) return <Made made={made} onClose={onClose} />;
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <FormTrouble form={form} />
      <SelectField label="What to make" name="kind" autoFocus data-testid="way-kind">
        <option value="code">A code to type in</option>
        <option value="link">A link to follow</option>
      </SelectField>
      {roles.length > 1 && (
        <SelectField
          label="Who comes by it becomes"
          name="role"
          error={form.fields.role}
          data-testid="way-role"
        >
          {roles.map((role) => (
            <option key={role} value={role}>
              {ROLE_NAMES[role]}
            </option>
          ))}
        </SelectField>
      )}
      <Field
        label="Note (for the staff)"
        name="label"
        maxLength={200}
        autoComplete="off"
        placeholder="Class 10 b"
        error={form.fields.label}
      />
      <div className="field-row">
        <SelectField label="Valid" name="ttl_seconds" error={form.fields.ttl_seconds}>
          {TERMS.map(([seconds, label]) => (
            <option key={label} value={seconds ?? ""}>
              {label}
            </option>
          ))}
        </SelectField>
        <Field
          label="For how many people"
          name="max_uses"
          type="number"
          min={1}
          max={100_000}
          placeholder="Any number"
          error={form.fields.max_uses}
        />
      </div>
      <FormEnds form={form} onCancel={onClose} data-testid="make-way">
        Create
      </FormEnds>
    </form>
  );
}

function Made({ made, onClose }: { made: MadeInvitation; onClose: () => void }) {
  return (
    <div className="form">
      {made.code ? (
        <>
          <p className="soft" role="status">
            Under Courses, “Join by code” takes it. It stays in the list.
          </p>
          <CopyLine label="Code" value={made.code} testId="made-code" />
        </>
      ) : (
        <>
          <p className="soft" role="status">
            The link is shown this once: copy it now. Whoever has it can join.
          </p>
          <CopyLine label="Link" value={made.link ?? ""} testId="made-link" />
        </>
      )}
      <DialogActions>
        <Button tone="primary" onClick={onClose} autoFocus data-testid="way-done">
          Done
        </Button>
      </DialogActions>
    </div>
  );
}
