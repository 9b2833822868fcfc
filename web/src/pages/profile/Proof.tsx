/** Who is asking, once more, before something that matters. */
import { useLocation } from "wouter";
import type { User } from "../../api/accounts";
import { withQuery } from "../../api/http";
import { Button } from "../../design/Button";
import { PasswordField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import type { FormState } from "../../hooks/useForm";
import { useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";

/**
 * The password, as `password` or under another name. An account without one has been asked by its
 * provider who it is, in the last ten minutes: the server says when it has not.
 */
export function ProofField({
  user,
  form,
  name = "password",
  label = "Your password",
  autoFocus,
}: {
  user: User;
  form: FormState;
  name?: string;
  label?: string;
  autoFocus?: boolean;
}) {
  if (user.has_password === false) {
    return (
      <p className="soft">
        You have no password here: your provider must have asked who you are in the last ten minutes.
      </p>
    );
  }
  const wrong = form.code === "wrong_password" && form.error ? form.error : undefined;
  return (
    <>
      {/* Password managers want to know whose password it is. */}
      <input type="text" autoComplete="username" value={user.email} readOnly hidden />
      <PasswordField
        label={label}
        name={name}
        autoComplete="current-password"
        required
        autoFocus={autoFocus}
        error={form.fields[name] ?? wrong}
        data-testid="current-password"
      />
    </>
  );
}

/** As FormTrouble, for forms with a ProofField: a wrong password shows there. */
export function ProofTrouble({ form }: { form: FormState }) {
  const { signOut } = useSession();
  const [path, navigate] = useLocation();
  const again = async () => {
    await signOut();
    navigate(withQuery("/sign-in", { anew: "true", next: path }), { replace: true });
  };
  if (form.code === "reauth_required") {
    return (
      <Notice
        tone="wrong"
        action={
          <Button size="small" onClick={() => void again()} data-testid="sign-in-again">
            Sign in again
          </Button>
        }
      >
        {form.error}
      </Notice>
    );
  }
  const shown = ["wrong_password", "totp_wrong"].includes(form.code) && form.wait_s === 0;
  return shown ? null : <FormTrouble form={form} />;
}
