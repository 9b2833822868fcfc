/** A class that one takes part in: the door, the class itself, and how it ended. */
import { useCallback, useMemo } from "react";
import { HttpClient } from "../../api/http";
import { type Room, roomsApi } from "../../api/rooms";
import { AppShell } from "../../design/AppShell";
import { Button } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { useInUse } from "../../hooks/useInUse";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { nameIn } from "../../session/guest";
import { useApi, useSession } from "../../session/Session";
import { RoomMissing } from "../RoomMissing";
import { Door } from "./Door";
import { InClass } from "./InClass";
import { Outcome } from "./Outcome";
import { ClassContext, useClassSession, usePhase } from "./useClass";

const LINK_IS_OVER = new Set(["token_expired", "token_revoked", "token_invalid"]);

/** `guest` is the token of a guest's link; null for who has an account, or needs none. */
export function Class({ slug, guest }: { slug: string; guest: string | null }) {
  const api = useApi();
  const http = useMemo(() => (guest === null ? api.http : guestHttp(guest)), [api.http, guest]);
  const load = useCallback((signal: AbortSignal) => roomsApi(http).get(slug, signal), [http, slug]);
  const room = useLoaded(load);
  useTitle(room.data?.name ?? "Class");
  if (room.missing) return <RoomMissing />;
  if (room.data) return <ClassOf key={room.data.room_id} room={room.data} http={http} guest={guest} />;
  if (guest !== null && room.error && LINK_IS_OVER.has(room.code))
    return (
      <AppShell>
        <EmptyState icon="link" title="You cannot come in by this link">
          {room.error}
        </EmptyState>
      </AppShell>
    );
  return (
    <AppShell>
      {!room.error && <Loading label="Opening the room" />}
      {room.error && (
        <Notice
          tone="wrong"
          testId="class-problem"
          action={
            <Button size="small" onClick={() => void room.reload()}>
              Try again
            </Button>
          }
        >
          {room.error}
        </Notice>
      )}
    </AppShell>
  );
}

/** Requests in the name of a link's guest, who has no session to renew. */
function guestHttp(token: string): HttpClient {
  return new HttpClient((input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("Authorization", `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  });
}

function ClassOf({ room, http, guest }: { room: Room; http: HttpClient; guest: string | null }) {
  const { state } = useSession();
  const token = useCallback(
    () => (guest === null ? http.accessToken() : Promise.resolve(guest)),
    [http, guest],
  );
  const value = useClassSession(room, token);
  const phase = usePhase(value.session);
  useInUse(phase.name === "in");
  const account = guest === null && state.phase === "ready" ? (state.user?.full_name ?? "") : "";
  return (
    <ClassContext value={value}>
      {phase.name === "door" && <Door room={room} knownName={account || (guest ? nameIn(guest) : "")} />}
      {phase.name === "in" && <InClass lost={phase.lost} />}
      {phase.name !== "door" && phase.name !== "in" && <Outcome room={room} phase={phase} />}
    </ClassContext>
  );
}
