import { useState } from "react";
import { ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { useForm } from "../../hooks/useForm";
import { useLinkToken } from "../../hooks/useLinkToken";
import { useTitle } from "../../hooks/useTitle";
import { useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import { Entrance } from "./Entrance";
import { LinkOver } from "./LinkOver";

const TITLE = "Confirm your address";

/**
 * Confirms an address, of a new account or a changed one, with the link from a mail. By a press of a button:
 * programs that open every link of a mail to look at it must not confirm in the person's name.
 */
export function Verify() {
  useTitle(TITLE);
  const { api, state, reload } = useSession();
  const token = useLinkToken();
  const [confirmed, setConfirmed] = useState<string | null>(null);
  const inside = state.phase === "ready" && state.user !== null;
  const form = useForm([], async () => {
    const { email } = await api.accounts.verifyEmail(token ?? "");
    setConfirmed(email);
    if (inside) await reload();
  });
  if (confirmed) {
    return (
      <Entrance title="Address confirmed" lead={confirmed} news>
        <div data-testid="verified">
          <EmptyState
            icon="check"
            title="That was all"
            action={
              <ButtonLink href={inside ? "/" : "/sign-in"} tone="primary">
                {inside ? "Home" : "Sign in"}
              </ButtonLink>
            }
          >
            Mail of this server reaches you now.
          </EmptyState>
        </div>
      </Entrance>
    );
  }
  if (!token || form.code === "link_used") {
    return (
      <LinkOver
        title={TITLE}
        whole={token !== null}
        action={
          <ButtonLink href={inside ? "/profile" : "/sign-in"}>
            {inside ? "To your profile" : "Sign in"}
          </ButtonLink>
        }
      >
        If your address is confirmed already, just sign in. If it is not, sign in and ask for another link.
      </LinkOver>
    );
  }
  return (
    <Entrance title={TITLE} lead="So that we know that mail reaches you.">
      <form className="form" onSubmit={form.onSubmit}>
        <FormTrouble form={form} />
        <Submit form={form} wide autoFocus data-testid="verify">
          Confirm address
        </Submit>
        <p className="soft entrance-small">You did not ask for this? Close the page, and nothing happens.</p>
      </form>
    </Entrance>
  );
}
