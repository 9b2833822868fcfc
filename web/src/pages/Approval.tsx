/** What people see who have an account that no administrator has approved yet. */
import { useEffect } from "react";
import { AppShell } from "../design/AppShell";
import { Button, ButtonLink } from "../design/Button";
import { EmptyState } from "../design/EmptyState";
import { Notice } from "../design/Notice";
import { useLoaded } from "../hooks/useLoaded";
import { useTitle } from "../hooks/useTitle";
import { serverOf, useApi, useSession } from "../session/Session";
import { awaitedMail } from "./awaited_mail";
import { ResendMail } from "./entrance/ResendMail";

const FRESH_MS = 5_000;
const TITLE = "Your account waits for approval";
const TITLE_MAIL = "Confirm your address";

/** Lets the person in as soon as an administrator has approved; gives what asks at once. */
function useApproval() {
  const { accounts } = useApi();
  const { setUser } = useSession();
  const { data, error, reload } = useLoaded(accounts.profile, FRESH_MS);
  useEffect(() => {
    if (data?.verified) setUser(data);
  }, [data, setUser]);
  return { error, reload };
}

/** The address whose link would let this person in; null where an administrator decides. */
function useAwaitedMail(): string | null {
  const { state } = useSession();
  return awaitedMail(state.phase === "ready" ? state.user : null, serverOf(state));
}

/** In place of a page that only approved people may see. */
export function AwaitsApproval() {
  useTitle("Waiting for approval");
  const { error, reload } = useApproval();
  const mail = useAwaitedMail();
  return (
    <AppShell>
      <div data-testid="awaits-approval">
        <EmptyState
          page
          icon={mail ? "mail" : "user"}
          title={mail ? TITLE_MAIL : TITLE}
          action={
            <>
              {mail && <ResendMail email={mail} justSent={false} />}
              <Button icon="retry" onClick={() => void reload()}>
                Try again
              </Button>
              <ButtonLink href="/" tone="quiet">
                Home
              </ButtonLink>
            </>
          }
        >
          {error ??
            (mail &&
              `You are signed in. Open the link in the mail to ${mail}, and this page opens by itself.`) ??
            "You are signed in and waiting for approval by an administrator. This page opens by itself as soon as you are let in."}
        </EmptyState>
      </div>
    </AppShell>
  );
}

/** At the head of the rooms. */
export function ApprovalBanner() {
  const { error, reload } = useApproval();
  const mail = useAwaitedMail();
  return (
    <Notice
      tone="info"
      title={mail ? TITLE_MAIL : TITLE}
      testId="approval-banner"
      action={
        mail ? (
          <ResendMail email={mail} justSent={false} />
        ) : (
          <Button size="small" icon="retry" onClick={() => void reload()}>
            Try again
          </Button>
        )
      }
    >
      {error ??
        (mail && `Open the link in the mail to ${mail}. The rooms appear here by themselves then.`) ??
        "An administrator has to let you in. The rooms appear here by themselves as soon as that is done."}
    </Notice>
  );
}
