/** One person's connection: how good it is, and the charts of its last minutes. One moment is read in all of them. */
import { useState } from "react";
import type { PersonConnections } from "../../api/rooms";
import { sentenceOf } from "../../class/parts/connections";
import { Avatar } from "../../design/Avatar";
import { Card } from "../../design/Card";
import { KEPT_MS, type PersonHistory } from "../../network/history";
import { ConnectionBars } from "../ConnectionBars";
import { type Line, LineChart } from "./LineChart";
import { PictureStrips } from "./PictureStrips";

const RATE: readonly Line[] = [
  { label: "Can carry", look: "limit", read: (one) => one.available_mbps },
  { label: "Sent to them", look: "to", read: (one) => one.sent_mbps },
  { label: "Sent by them", look: "from", read: (one) => one.received_mbps },
];
const LOSS: readonly Line[] = [
  { label: "To them", look: "to", read: (one) => one.lossReceiving_pct },
  { label: "By them", look: "from", read: (one) => one.lossSending_pct },
];
const TRIP: readonly Line[] = [{ label: "There and back", look: "to", read: (one) => one.trip_ms }];

const STEP_S = 2;

export const anchorOf = (id: string): string => `person-${id}`;

export function PersonCard({ person, at_ms }: { person: PersonHistory; at_ms: number }) {
  const { now, samples } = person;
  const [back_ms, setBack] = useState<number | null>(null);
  const cursor_ms = back_ms === null ? null : at_ms - back_ms;
  const onCursor = (wanted: number | null) => setBack(wanted === null ? null : at_ms - wanted);
  const hasMedia = hadMedia(person);
  const chart = { samples, to_ms: at_ms, cursor_ms, onCursor };
  return (
    <Card className="network-person">
      <div
        id={anchorOf(now.participant_id)}
        className="network-head"
        data-testid="network-person"
        data-name={now.full_name}
        data-quality={now.quality}
        data-sent={samples.at(-1)?.sent_mbps ?? ""}
      >
        <Avatar name={now.full_name} />
        <h3>
          <bdi>{now.full_name}</bdi>
        </h3>
        <QualityWords person={now} />
        {hasMedia && (
          <label className="network-moment">
            <span className="network-when numbers" data-testid="network-when">
              {back_ms === null ? "" : secondsAgo(back_ms)}
            </span>
            <span className="visually-hidden">The moment that is read of {now.full_name}</span>
            <input
              type="range"
              min={-KEPT_MS / 1000}
              max={0}
              step={STEP_S}
              value={-Math.round((back_ms ?? 0) / 1000)}
              aria-valuetext={secondsAgo(back_ms ?? 0)}
              onChange={(event) => setBack(-Number(event.target.value) * 1000 || null)}
              onBlur={() => setBack(null)}
            />
          </label>
        )}
      </div>
      {hasMedia && <p className="visually-hidden">{summaryOf(now, samples.at(-1)?.sent_mbps ?? null)}</p>}
      {hasMedia && (
        <div className="network-charts">
          <LineChart title="Rate" unit="Mbit/s" lines={RATE} floor={1} digits={2} {...chart} />
          <LineChart title="Losses" unit="%" lines={LOSS} floor={5} digits={1} {...chart} />
          <LineChart title="Round trip" unit="ms" lines={TRIP} floor={100} digits={0} {...chart} />
          <PictureStrips watches={now.watches} samples={samples} to_ms={at_ms} cursor_ms={cursor_ms} />
        </div>
      )}
    </Card>
  );
}

/** Whether there is anything to draw: somebody who has just come, or who is here for the chat alone, has nothing. */
const hadMedia = ({ now, samples }: PersonHistory): boolean =>
  now.connected ||
  samples.some((one) => one.trip_ms !== null || (one.sent_mbps ?? 0) > 0 || (one.received_mbps ?? 0) > 0);

const WORDS = { good: "Good", fair: "Fair", poor: "Poor", lost: "Lost" } as const;

function QualityWords({ person }: { person: PersonConnections }) {
  const { quality, reason, participant_id, connected } = person;
  if (!connected && quality === "good") return <span className="network-quality soft">No media yet</span>;
  const sentence = sentenceOf({ peerId: participant_id, quality, reason }, false);
  return (
    <span className={`network-quality network-${quality}`}>
      <ConnectionBars quality={quality} />
      <span>{sentence || WORDS[quality]}</span>
    </span>
  );
}

const secondsAgo = (back_ms: number): string => {
  const seconds = Math.round(back_ms / 1000);
  if (seconds < 1) return "now";
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} ago`;
};

/** For who does not see the charts. */
function summaryOf(person: PersonConnections, sent_mbps: number | null): string {
  const share = (value: number) => `${(value * 100).toFixed(1)} %`;
  const facts = [
    person.available_bps !== null && `can carry ${(person.available_bps / 1e6).toFixed(2)} Mbit/s`,
    sent_mbps !== null && `${sent_mbps.toFixed(2)} Mbit/s sent to them`,
    person.loss_receiving !== null && `${share(person.loss_receiving)} of it lost`,
    person.loss_sending !== null && `${share(person.loss_sending)} of what they send lost`,
    person.round_trip_ms !== null && `round trip ${Math.round(person.round_trip_ms)} ms`,
  ].filter(Boolean);
  return `${person.full_name}: ${facts.join(", ") || "nothing known yet"}.`;
}
