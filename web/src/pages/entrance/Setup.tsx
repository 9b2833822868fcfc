import { useEffect, useState } from "react";
import { Redirect } from "wouter";
import { EmptyState } from "../../design/EmptyState";
import { useForm } from "../../hooks/useForm";
import { useTitle } from "../../hooks/useTitle";
import { useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import { Entrance } from "./Entrance";
import { PERSON_FIELDS, PersonFields } from "./PersonFields";

const TITLE = "Welcome to vtp";

/** Makes the first admin with the one-time link that the server prints at first start. */
export function Setup() {
  useTitle("Set up");
  const { api, state, reload } = useSession();
  const [token] = useState(() => new URLSearchParams(window.location.search).get("token"));
  useEffect(() => {
    // The link is a secret: it must not stay in the address bar, the history or a screenshot.
    window.history.replaceState(null, "", "/setup");
  }, []);
  const form = useForm(PERSON_FIELDS, async ({ email = "", password = "", full_name = "" }) => {
    await api.accounts.setUp(token ?? "", { email: email.trim(), password, full_name: full_name.trim() });
    await reload();
  });
  if (state.phase === "ready" && state.user) return <Redirect to="/" replace />;
  if (!token) {
    return (
      <Entrance title={TITLE} lead="The first account is made with a one-time link.">
        <EmptyState icon="link" title="Open the printed link">
          The server prints it when it starts for the first time: look at the window where it was started.
        </EmptyState>
      </Entrance>
    );
  }
  return (
    <Entrance title={TITLE} lead="Make the first account. It runs this server and may do everything.">
      <form className="form" onSubmit={form.onSubmit}>
        <FormTrouble form={form} />
        <PersonFields errors={form.fields} />
        <Submit form={form} wide data-testid="create-admin">
          Create account
        </Submit>
      </form>
    </Entrance>
  );
}
