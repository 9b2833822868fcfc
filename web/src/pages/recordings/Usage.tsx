/** What the recordings of one's rooms take of what they may; nothing where no quota is set. */
import { useCallback } from "react";
import type { Usage as Numbers, RoomUsage } from "../../api/recordings";
import { Notice } from "../../design/Notice";
import { bytes } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import "./Usage.css";

const FRESH_MS = 60_000;

export function Usage() {
  const { recordings } = useApi();
  const load = useCallback((signal: AbortSignal) => recordings.usage(signal), [recordings]);
  const { data } = useLoaded(load, FRESH_MS);
  const owner = data?.owner?.allowed_bytes != null ? data.owner : null;
  if (!data || (!owner && data.rooms.length === 0)) return null;
  return (
    <section className="usage" aria-label="Space for recordings" data-testid="usage">
      {data.warning && <Notice tone="warn">{data.warning}</Notice>}
      {owner && <Line name="All your rooms" usage={owner} />}
      {data.rooms.length > 0 && (
        <details className="usage-rooms" open={!owner && data.rooms.length === 1}>
          <summary>{owner ? "By room" : "Space for recordings, by room"}</summary>
          <ul>
            {data.rooms.map((room: RoomUsage) => (
              <li key={room.room_id}>
                <Line name={room.room_name} usage={room} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Line({ name, usage }: { name: string; usage: Numbers }) {
  const allowed = usage.allowed_bytes ?? 0;
  const share = allowed > 0 ? Math.min(1, usage.used_bytes / allowed) : 0;
  return (
    <div className={share >= 0.9 ? "usage-line usage-near" : "usage-line"}>
      <span className="usage-name">{name}</span>
      <span className="usage-bar" aria-hidden="true">
        <span className="usage-fill" style={{ width: `${share * 100}%` }} />
      </span>
      <span className="usage-numbers numbers">
        {bytes(usage.used_bytes)} of {bytes(allowed)}
      </span>
    </div>
  );
}
