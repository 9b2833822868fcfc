/** Asking somebody in: by mail, or by a link to pass on where the server sends no mail. */
import { useState } from "react";
import type { RoleWord } from "../../api/people";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Field, SelectField } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { type FormState, useForm } from "../../hooks/useForm";
import { isAdmin, useApi, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { ROLE_NAMES, rolesToGive } from "../people/roles";
import { FormEnds } from "../Submit";
import { LinkToPass } from "./LinkToPass";

interface Asked {
  open: boolean;
  onClose: () => void;
  /** Called once somebody was invited or added. */
  onDone: () => void;
}

export function Invite({ open, onClose, onDone }: Asked) {
  const { invitations } = useApi();
  const send = async ({ email = "", full_name = "", role = "student" }: Record<string, string>) =>
    invitations.invite({
      email: email.trim(),
      ...(full_name.trim() && { full_name: full_name.trim() }),
      role: role as RoleWord,
    });
  return (
    <Dialog title="Invite somebody" open={open} onClose={onClose}>
      <AskedForm
        lead="They get a link to choose a password, and are in at once in this role."
        nameHint="May stay empty: they write it themselves."
        yes="Invite"
        done={(email) => `${email} was invited.`}
        send={send}
        onClose={onClose}
        onDone={onDone}
      />
    </Dialog>
  );
}

export function AddPerson({ open, onClose, onDone }: Asked) {
  const { people } = useApi();
  const send = async ({ email = "", full_name = "", role = "student", phone = "" }: Record<string, string>) =>
    people.add({
      email: email.trim(),
      full_name: full_name.trim(),
      role: role as RoleWord,
      ...(phone.trim() && { phone: phone.trim() }),
    });
  return (
    <Dialog title="Add somebody" open={open} onClose={onClose}>
      <AskedForm
        lead="The account is there at once; they get a link to choose a password."
        phone
        yes="Add"
        done={(email) => `${email} was added.`}
        send={send}
        onClose={onClose}
        onDone={onDone}
      />
    </Dialog>
  );
}

interface AskedFormProps {
  lead: string;
  nameHint?: string;
  phone?: boolean;
  yes: string;
  done: (email: string) => string;
  send: (values: Record<string, string>) => Promise<{ link?: string | null; email: string }>;
  onClose: () => void;
  onDone: () => void;
}

function AskedForm({ lead, nameHint, phone = false, yes, done, send, onClose, onDone }: AskedFormProps) {
  const toast = useToast();
  const [pass, setPass] = useState<{ email: string; link: string } | null>(null);
  const form = useForm(["email", "full_name", "role", "phone"], async (values) => {
    const { link, email } = await send(values);
    toast(done(email));
    onDone();
    if (link) setPass({ email, link });
    else onClose();
  });
  if (pass) {
    return (
      <div className="form">
        <p className="soft">This server sends no mail: pass this link on to {pass.email}.</p>
        <LinkToPass link={pass.link} />
        <DialogActions>
          <Button tone="primary" onClick={onClose} autoFocus>
            Done
          </Button>
        </DialogActions>
      </div>
    );
  }
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">{lead}</p>
      <FormTrouble form={form} />
      <PersonBasics form={form} nameHint={nameHint} phone={phone} />
      <FormEnds form={form} onCancel={onClose} data-testid="send-invitation">
        {yes}
      </FormEnds>
    </form>
  );
}

function PersonBasics({
  form,
  nameHint,
  phone,
}: {
  form: FormState;
  nameHint: string | undefined;
  phone: boolean;
}) {
  const { state } = useSession();
  return (
    <>
      <Field
        label="Email"
        name="email"
        type="email"
        autoComplete="off"
        required
        autoFocus
        error={form.fields.email}
        data-testid="invite-email"
      />
      <Field
        label="Full name"
        name="full_name"
        autoComplete="off"
        required={nameHint === undefined}
        maxLength={200}
        hint={nameHint}
        error={form.fields.full_name}
        data-testid="invite-name"
      />
      {phone && (
        <Field
          label="Phone (if known)"
          name="phone"
          type="tel"
          autoComplete="off"
          error={form.fields.phone}
        />
      )}
      <SelectField
        label="Role"
        name="role"
        defaultValue="student"
        error={form.fields.role}
        data-testid="invite-role"
      >
        {rolesToGive(isAdmin(state)).map((role) => (
          <option key={role} value={role}>
            {ROLE_NAMES[role]}
          </option>
        ))}
      </SelectField>
    </>
  );
}
