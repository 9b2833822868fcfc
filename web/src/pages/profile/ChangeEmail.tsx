import { useState } from "react";
import type { User } from "../../api/accounts";
import { Button } from "../../design/Button";
import { DialogActions } from "../../design/Dialog";
import { Field } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { useForm } from "../../hooks/useForm";
import { useApi } from "../../session/Session";
import { FormEnds } from "../Submit";
import { ProofField, ProofTrouble } from "./Proof";

/** Another address: it holds from when its link was opened; the old one is told. */
export function ChangeEmail({ user, onDone }: { user: User; onDone: () => void }) {
  const { accounts } = useApi();
  const [sent, setSent] = useState<string | null>(null);
  const form = useForm(
    ["new_email", "email", ...(user.has_password === false ? [] : ["password"])],
    async ({ new_email = "", password }) => {
      setSent((await accounts.changeEmail(new_email.trim(), password)).message);
    },
  );
  if (sent) {
    return (
      <div className="form" data-testid="email-sent">
        <Notice tone="info">{sent}</Notice>
        <p className="soft">Until the link is opened you sign in with {user.email}.</p>
        <DialogActions>
          <Button tone="primary" onClick={onDone} autoFocus>
            Done
          </Button>
        </DialogActions>
      </div>
    );
  }
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <ProofTrouble form={form} />
      <Field
        label="New email address"
        name="new_email"
        type="email"
        autoComplete="email"
        required
        autoFocus
        hint="We send a link there. It becomes your address when you open it."
        error={form.fields.new_email ?? form.fields.email}
        data-testid="new-email"
      />
      <ProofField user={user} form={form} />
      <FormEnds form={form} onCancel={onDone} data-testid="send-change-email">
        Send the link
      </FormEnds>
    </form>
  );
}
