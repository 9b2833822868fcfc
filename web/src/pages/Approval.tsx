/** What people see who have an account that no administrator has approved yet. */
import { useEffect } from "react";
import { AppShell } from "../design/AppShell";
import { Button, ButtonLink } from "../design/Button";
import { EmptyState } from "../design/EmptyState";
import { Notice } from "../design/Notice";
import { useLoaded } from "../hooks/useLoaded";
import { useTitle } from "../hooks/useTitle";
import { useApi, useSession } from "../session/Session";

const FRESH_MS = 5_000;
const TITLE = "Your account waits for approval";

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

/** In place of a page that only approved people may see. */
export function AwaitsApproval() {
  useTitle("Waiting for approval");
  const { error, reload } = useApproval();
  return (
    <AppShell>
      <div data-testid="awaits-approval">
        <EmptyState
          icon="user"
          title={TITLE}
          action={
            <>
              <Button icon="retry" onClick={() => void reload()}>
                Try again
              </Button>
              <ButtonLink href="/" tone="quiet">
                To the rooms
              </ButtonLink>
            </>
          }
        >
          {error ??
            "You are signed in and waiting for approval by an administrator. This page opens by itself as soon as you are let in."}
        </EmptyState>
      </div>
    </AppShell>
  );
}

/** At the head of the rooms. */
export function ApprovalBanner() {
  const { error, reload } = useApproval();
  return (
    <Notice
      tone="info"
      title={TITLE}
      testId="approval-banner"
      action={
        <Button size="small" icon="retry" onClick={() => void reload()}>
          Try again
        </Button>
      }
    >
      {error ??
        "An administrator has to let you in. The rooms appear here by themselves as soon as that is done."}
    </Notice>
  );
}
