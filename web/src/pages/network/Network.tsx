/** For staff: how well networks carry the class, by person, over the last five minutes. */
import { useCallback } from "react";
import { AppShell } from "../../design/AppShell";
import { ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import type { History } from "../../network/history";
import { useApi } from "../../session/Session";
import { ConnectionBars } from "../ConnectionBars";
import { RoomMissing } from "../RoomMissing";
import "./Network.css";
import { anchorOf, PersonCard } from "./PersonCard";
import { type Connections, useConnections } from "./useConnections";

export function Network({ slug }: { slug: string }) {
  const { rooms } = useApi();
  const load = useCallback((signal: AbortSignal) => rooms.get(slug, signal), [rooms, slug]);
  const { data: room } = useLoaded(load);
  const known = useConnections(slug);
  useTitle(`Network of ${room?.name ?? slug}`);
  if (known.status === 404) return <RoomMissing />;
  return (
    <AppShell wide>
      <div className="page-head">
        <h1>
          Network of <bdi>{room?.name ?? slug}</bdi>
        </h1>
        <ButtonLink href={`/rooms/${encodeURIComponent(slug)}/class`} icon="back" size="small">
          To the class
        </ButtonLink>
      </div>
      <Body known={known} />
    </AppShell>
  );
}

function Body({ known: { history, at_ms, error, status } }: { known: Connections }) {
  if (status === 403)
    return (
      <EmptyState
        icon="lock"
        title="This page is for staff"
        action={<ButtonLink href="/rooms">To the rooms</ButtonLink>}
      >
        Teachers, assistants and administrators see how well networks carry a class.
      </EmptyState>
    );
  return (
    <div className="network">
      {error && (
        <Notice tone="wrong" title="The figures are not up to date" testId="network-stale">
          {error}
        </Notice>
      )}
      {at_ms === null && !error && <Loading label="Reading the figures" />}
      {at_ms !== null && history.length === 0 && (
        <EmptyState icon="signal" title="Nobody is in the class">
          As soon as somebody comes in, the figures of their connection are drawn here.
        </EmptyState>
      )}
      {at_ms !== null && history.length > 0 && (
        <>
          <Overview history={history} />
          <ul className="network-people">
            {history.map((person) => (
              <li key={person.now.participant_id}>
                <PersonCard person={person} at_ms={at_ms} />
              </li>
            ))}
          </ul>
          <p className="soft network-foot">
            Read every two seconds; kept in this page only, for five minutes. Losses are counted before
            repairs.
          </p>
        </>
      )}
    </div>
  );
}

/** Who has a connection that is not good, with the way to their charts. */
function Overview({ history }: { history: History }) {
  const bad = history.filter(({ now }) => now.quality !== "good");
  const many = plural(history.length, "connection", "connections");
  if (bad.length === 0)
    return (
      <p className="network-overview" data-testid="network-overview">
        {history.length === 1 ? "The one connection is good." : `All ${many} are good.`}
      </p>
    );
  return (
    <div className="network-overview" data-testid="network-overview">
      <p>
        {bad.length} of {many} {bad.length === 1 ? "is" : "are"} not good:
      </p>
      <ul className="network-bad">
        {bad.map(({ now }) => (
          <li key={now.participant_id}>
            <a className={`network-chip network-${now.quality}`} href={`#${anchorOf(now.participant_id)}`}>
              <ConnectionBars quality={now.quality} />
              <bdi>{now.full_name}</bdi>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
