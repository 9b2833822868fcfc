import type { User } from "../../api/accounts";
import { CheckField } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { plural } from "../../format";
import { useForm } from "../../hooks/useForm";
import { useSession } from "../../session/Session";
import { NewPassword } from "../entrance/NewPassword";
import { FormEnds } from "../Submit";
import { ProofField, ProofTrouble } from "./Proof";

export function ChangePassword({ user, onDone }: { user: User; onDone: () => void }) {
  const { api, setUser } = useSession();
  const toast = useToast();
  // What has no field here must show above the form.
  const proof = user.has_password === false ? [] : ["current_password"];
  const form = useForm([...proof, "new_password", "password"], async (values) => {
    const { message, ended_sessions } = await api.accounts.changePassword({
      current_password: values.current_password,
      new_password: values.new_password ?? "",
      end_other_sessions: values.end_others !== undefined,
    });
    setUser(await api.accounts.profile());
    const ended = plural(ended_sessions, "other device was", "other devices were");
    toast(ended_sessions > 0 ? `${message} ${ended} signed out.` : message);
    onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <ProofTrouble form={form} />
      <ProofField user={user} form={form} name="current_password" label="Current password" autoFocus />
      <NewPassword
        label="New password"
        name="new_password"
        error={form.fields.new_password ?? form.fields.password}
      />
      <CheckField
        label="Sign out everywhere else"
        name="end_others"
        defaultChecked
        hint="Right if somebody may have known the old one."
      />
      <FormEnds form={form} onCancel={onDone} data-testid="save-password">
        Save
      </FormEnds>
    </form>
  );
}
