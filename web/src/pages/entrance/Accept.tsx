import { useCallback } from "react";
import { Redirect } from "wouter";
import type { Invited } from "../../api/invitations";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Field } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { useForm } from "../../hooks/useForm";
import { useLinkToken } from "../../hooks/useLinkToken";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { useApi, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { WITH_ARTICLE } from "../people/roles";
import { Submit } from "../Submit";
import { Entrance } from "./Entrance";
import { LinkOver } from "./LinkOver";
import { NewPassword } from "./NewPassword";

const TITLE = "You are invited";

/** Makes an account with the link of an invitation. */
export function Accept() {
  useTitle(TITLE);
  const { invitations } = useApi();
  const { state } = useSession();
  const token = useLinkToken();
  const load = useCallback(async () => (token ? invitations.check(token) : null), [invitations, token]);
  const { data, error, code, missing, reload } = useLoaded(load);
  if (!token || missing || code === "link_used") {
    if (!token && state.phase === "ready" && state.user) return <Redirect to="/" replace />;
    return (
      <LinkOver
        title={TITLE}
        whole={token !== null}
        action={<ButtonLink href="/sign-in">Sign in</ButtonLink>}
      >
        If you have accepted it already, sign in. If not, ask who invited you to send it again.
      </LinkOver>
    );
  }
  if (data) return <AcceptForm key={token} token={token} invited={data} />;
  return (
    <Entrance title={TITLE} lead="The invitation is being looked at.">
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

function AcceptForm({ token, invited }: { token: string; invited: Invited }) {
  const { api, state, reload, signOut } = useSession();
  const other = state.phase === "ready" ? state.user : null;
  const form = useForm(["full_name", "password"], async ({ full_name = "", password = "" }) => {
    await api.invitations.accept(token, full_name.trim(), password);
    await reload();
  });
  if (other && other.email === invited.email) return <Redirect to="/" replace />;
  const by = invited.invited_by ? `${invited.invited_by} invites you` : "You are invited";
  return (
    <Entrance title={TITLE} lead={`${by} to be ${WITH_ARTICLE[invited.role]} here.`}>
      <form className="form" onSubmit={form.onSubmit} data-testid="invitation">
        {other && (
          <Notice
            tone="info"
            action={
              <Button size="small" onClick={() => void signOut()}>
                Sign out
              </Button>
            }
          >
            You are signed in as {other.full_name}. The invitation is for {invited.email}.
          </Notice>
        )}
        <FormTrouble form={form} />
        <Field
          label="Email"
          name="username"
          type="email"
          autoComplete="username"
          readOnly
          value={invited.email}
          hint="The invitation is for this address."
        />
        <Field
          label="Full name"
          name="full_name"
          autoComplete="name"
          required
          autoFocus
          maxLength={200}
          defaultValue={invited.full_name}
          error={form.fields.full_name}
          data-testid="full-name"
        />
        <NewPassword error={form.fields.password} />
        <Submit form={form} wide data-testid="accept">
          Make my account
        </Submit>
      </form>
    </Entrance>
  );
}
