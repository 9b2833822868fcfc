import { AppShell } from "../design/AppShell";
import { ButtonLink } from "../design/Button";
import { EmptyState } from "../design/EmptyState";

export function RoomMissing() {
  return (
    <AppShell>
      <EmptyState
        page
        icon="search"
        title="There is no such room"
        action={<ButtonLink href="/rooms">To the rooms</ButtonLink>}
      >
        It may have been deleted, or the link is not complete.
      </EmptyState>
    </AppShell>
  );
}
