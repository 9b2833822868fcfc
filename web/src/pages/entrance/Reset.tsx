import { useCallback, useState } from "react";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Loading } from "../../design/Spinner";
import { useForm } from "../../hooks/useForm";
import { useLinkToken } from "../../hooks/useLinkToken";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { useApi, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import { CodeField, plainCode } from "./CodeField";
import { Entrance } from "./Entrance";
import { LinkOver } from "./LinkOver";
import { NewPassword } from "./NewPassword";

const TITLE = "Choose a new password";

/** A new password with the link from a mail. Whoever has a second factor shows it here too. */
export function Reset() {
  useTitle(TITLE);
  const { accounts } = useApi();
  const token = useLinkToken();
  const load = useCallback(async () => (token ? accounts.checkReset(token) : null), [accounts, token]);
  const { data, error, code, missing, reload } = useLoaded(load);
  if (!token || missing || code === "link_used") {
    return (
      <LinkOver
        title={TITLE}
        whole={token !== null}
        action={
          <ButtonLink href="/forgot" tone="primary">
            Ask for another link
          </ButtonLink>
        }
      >
        A link is good once and for an hour, and no longer than until a new password is chosen.
      </LinkOver>
    );
  }
  if (data) return <NewPasswordForm key={token} token={token} email={data.email} onOver={reload} />;
  return (
    <Entrance title={TITLE} lead="The link is being looked at.">
      {error ? (
        <EmptyState
          icon="warning"
          title="That did not work"
          action={<Button onClick={() => void reload()}>Try again</Button>}
        >
          {error}
        </EmptyState>
      ) : (
        <Loading />
      )}
    </Entrance>
  );
}

function NewPasswordForm({ token, email, onOver }: { token: string; email: string; onOver: () => void }) {
  const { api, state, reload } = useSession();
  const [done, setDone] = useState<string | null>(null);
  const [second, setSecond] = useState(false);
  const form = useForm(["new_password", "password", "totp"], async ({ new_password = "", totp }) => {
    try {
      const { message } = await api.accounts.resetPassword(token, new_password, plainCode(totp));
      setDone(message);
      if (state.phase === "ready") await reload();
    } catch (problem) {
      const { code } = problem as { code?: string };
      if (code === "totp_required" && !second) return setSecond(true);
      if (code === "link_used") return onOver();
      throw problem;
    }
  });
  if (done) {
    return (
      <Entrance title="Password changed" lead={email} news>
        <div data-testid="reset-done">
          <EmptyState
            icon="check"
            title="Sign in with the new one"
            action={
              <ButtonLink href="/sign-in" tone="primary">
                Sign in
              </ButtonLink>
            }
          >
            {done}
          </EmptyState>
        </div>
      </Entrance>
    );
  }
  const wrongCode = form.code === "totp_wrong" && form.error ? form.error : form.fields.totp;
  return (
    <Entrance title={TITLE} lead={`For ${email}. You are signed out everywhere then.`}>
      <form className="form" onSubmit={form.onSubmit}>
        {form.code !== "totp_wrong" && <FormTrouble form={form} />}
        <NewPassword
          label="New password"
          name="new_password"
          autoFocus
          error={form.fields.new_password ?? form.fields.password}
        />
        {second && (
          <>
            <p className="soft entrance-small" role="status">
              Your account has a second factor: a code of it is needed as well.
            </p>
            <CodeField error={wrongCode} />
          </>
        )}
        <Submit form={form} wide data-testid="reset-password">
          Change password
        </Submit>
      </form>
    </Entrance>
  );
}
