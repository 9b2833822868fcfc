/** How the class goes, for its staff: who is here, late or missing, and who has not said a word yet. */
import { useCallback } from "react";
import { type Going, howItGoes } from "../../class/how_it_goes";
import { sentenceOf } from "../../class/parts/connections";
import { Badge, type BadgeTone } from "../../design/Badge";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { duration, plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { ConnectionBars } from "../ConnectionBars";
import "./LivePanel.css";
import { useClass, useClassState } from "./useClass";

/** What it shows is written every two seconds, talk and trouble that go on every ten. */
const EVERY_MS = 5_000;

const STANDINGS: Readonly<Record<Going["standing"], { label: string; tone: BadgeTone }>> = {
  here: { label: "Here", tone: "accent" },
  late: { label: "Late", tone: "warn" },
  gone: { label: "Left", tone: "neutral" },
  missing: { label: "Not here", tone: "live" },
};

export function LivePanel() {
  const state = useClassState();
  const { room } = useClass();
  const { analytics } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => analytics.live(room.slug, signal),
    [analytics, room.slug],
  );
  const { data, error } = useLoaded(load, EVERY_MS);
  const goes = data && howItGoes(data, state);
  return (
    <div className="side-body side-stack" data-testid="live-class">
      {error && <Notice tone="wrong">{error}</Notice>}
      {!goes && !error && <Loading label="Looking at the class" />}
      {goes && (
        <>
          <dl className="live-sum" data-testid="live-sum">
            <Figure label="here" value={goes.here} />
            <Figure label="late" value={goes.late} />
            <Figure label="not here" value={goes.missing} />
            <Figure label={goes.hands === 1 ? "hand up" : "hands up"} value={goes.hands} />
            <Figure label="weak network" value={goes.troubled} />
          </dl>
          {goes.people.length === 0 ? (
            <p className="side-empty">Students who are here, or expected, are listed here.</p>
          ) : (
            <ul className="live-people">
              {goes.people.map((one) => (
                <Row key={one.key} one={one} />
              ))}
            </ul>
          )}
        </>
      )}
    </div>
  );
}

function Figure({ label, value }: { label: string; value: number }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="numbers">{value}</dd>
    </div>
  );
}

function Row({ one }: { one: Going }) {
  const { told, standing, connection } = one;
  const { label, tone } = STANDINGS[standing];
  const facts = [
    told.messages > 0 && plural(told.messages, "chat message", "chat messages"),
    told.hands > 0 && plural(told.hands, "hand", "hands"),
    told.reactions > 0 && plural(told.reactions, "reaction", "reactions"),
    told.camera_s >= 1 && `camera ${duration(told.camera_s)}`,
    told.poor_s >= 1 && `poor network ${duration(told.poor_s)}`,
    told.fair_s >= 1 && `fair network ${duration(told.fair_s)}`,
  ].filter(Boolean);
  return (
    <li className="live-person" data-testid={`live-${one.name}`} data-standing={standing}>
      <span className="live-head">
        <bdi className="live-name">{one.name}</bdi>
        {one.hand && (
          <span title="Hand raised">
            <Icon name="hand" size={16} />
            <span className="visually-hidden">Hand raised</span>
          </span>
        )}
        {one.camera && (
          <span title="Camera on">
            <Icon name="camera" size={16} />
            <span className="visually-hidden">Camera on</span>
          </span>
        )}
        {connection && (
          <span className={`quality-${connection.quality}`} title={sentenceOf(connection, false)}>
            <ConnectionBars quality={connection.quality} />
            <span className="visually-hidden">{sentenceOf(connection, false)}</span>
          </span>
        )}
        <Badge tone={tone}>{standing === "late" ? `${label} by ${duration(told.late_s)}` : label}</Badge>
      </span>
      {told.first_join && (
        <>
          <span className="live-talk">
            <span className="live-bar" aria-hidden="true">
              <span style={{ width: `${Math.round(one.talkShare * 100)}%` }} />
            </span>
            <span className="numbers">
              {told.talk_s >= 1 ? `talked ${duration(told.talk_s)}` : "has not talked"}
            </span>
          </span>
          {facts.length > 0 && <span className="soft live-facts">{facts.join(" · ")}</span>}
        </>
      )}
    </li>
  );
}
