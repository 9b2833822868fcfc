import { useState } from "react";
import type { Person, PersonChange, RoleWord } from "../../api/people";
import { Button } from "../../design/Button";
import { Card } from "../../design/Card";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Field, SelectField } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { useForm } from "../../hooks/useForm";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import { type Question, questionBefore, ROLE_NAMES, ROLES, roleOf } from "./roles";

const FIELDS = ["full_name", "email", "phone", "role"];

/** What was typed, as a change: only what differs is sent. */
export function changeOf(person: Person, values: Record<string, string>): PersonChange {
  const full_name = (values.full_name ?? "").trim();
  const email = (values.email ?? "").trim().toLowerCase();
  const phone = (values.phone ?? "").trim() || null;
  const role = values.role as RoleWord;
  return {
    ...(full_name !== person.full_name && { full_name }),
    ...(email !== person.email && { email }),
    ...(phone !== (person.phone ?? null) && { phone }),
    ...(role !== roleOf(person) && { role }),
  };
}

/** Name, address, telephone, role. Refused when somebody else has changed them meanwhile. */
export function PersonDetails({
  person,
  isMe,
  onChange,
}: {
  person: Person;
  isMe: boolean;
  onChange: (change: PersonChange, checked: boolean) => Promise<void>;
}) {
  const toast = useToast();
  const [asked, setAsked] = useState<{ question: Question; answer: (yes: boolean) => void } | null>(null);
  const sure = (question: Question) =>
    new Promise<boolean>((resolve) => {
      const answer = (yes: boolean) => {
        setAsked(null);
        resolve(yes);
      };
      setAsked({ question, answer });
    });
  const form = useForm(FIELDS, async (values) => {
    const change = changeOf(person, values);
    if (Object.keys(change).length === 0) return void toast("Nothing was changed.");
    const question = change.role ? questionBefore(person, change.role, isMe) : null;
    if (question && !(await sure(question))) return;
    await onChange(change, true);
    toast("Saved.");
  });
  return (
    <Card>
      <form className="form" onSubmit={form.onSubmit}>
        <h2>Details</h2>
        <FormTrouble form={form} />
        <Field
          label="Full name"
          name="full_name"
          autoComplete="off"
          required
          maxLength={200}
          defaultValue={person.full_name}
          error={form.fields.full_name}
          data-testid="full-name"
        />
        <Field
          label="Email"
          name="email"
          type="email"
          autoComplete="off"
          required
          defaultValue={person.email}
          error={form.fields.email}
          data-testid="email"
        />
        <Field
          label="Phone"
          name="phone"
          type="tel"
          autoComplete="off"
          defaultValue={person.phone ?? ""}
          error={form.fields.phone}
        />
        <SelectField
          label="Role"
          name="role"
          defaultValue={roleOf(person)}
          error={form.fields.role}
          data-testid="role"
        >
          {(ROLES.includes(roleOf(person)) ? ROLES : [roleOf(person), ...ROLES]).map((role) => (
            <option key={role} value={role}>
              {ROLE_NAMES[role]}
            </option>
          ))}
        </SelectField>
        <p>
          <Submit form={form} data-testid="save-person">
            Save
          </Submit>
        </p>
      </form>
      <Dialog title={asked?.question.title ?? ""} open={asked !== null} onClose={() => asked?.answer(false)}>
        <p className="soft">{asked?.question.words}</p>
        <DialogActions>
          <Button onClick={() => asked?.answer(false)}>Cancel</Button>
          <Button
            tone={asked?.question.danger ? "danger" : "primary"}
            onClick={() => asked?.answer(true)}
            data-testid="confirm-change"
          >
            {asked?.question.yes}
          </Button>
        </DialogActions>
      </Dialog>
    </Card>
  );
}
