import { AppShell } from "../design/AppShell";
import { ButtonLink } from "../design/Button";
import { EmptyState } from "../design/EmptyState";
import { useTitle } from "../hooks/useTitle";

/** In place of every page but the profile, for who must set up a second factor first. */
export function FactorMissing() {
  useTitle("Second factor needed");
  return (
    <AppShell>
      <div data-testid="factor-missing">
        <EmptyState
          page
          icon="lock"
          title="Your role needs a second factor"
          action={
            <ButtonLink href="/profile" tone="primary">
              Set it up in your profile
            </ButtonLink>
          }
        >
          The people who run this server want more than a password from you. It takes a minute and an app on
          your phone.
        </EmptyState>
      </div>
    </AppShell>
  );
}
