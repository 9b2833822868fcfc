/** The last minutes of everybody's connections, made of what the server tells of each moment. Only kept here. */
import type { PersonConnections, PictureWatched, RoomConnections } from "../api/rooms";

export const KEPT_MS = 5 * 60_000;
/** A line is not drawn over a longer silence than this: what was between is not known. */
export const GAP_MS = 8_000;

export interface PictureSample {
  /** How much of the sizes there are it is: 1 is the largest. */
  share: number;
  height: number | null;
  withheld: boolean;
}

/** One moment. What is not known is null. */
export interface Sample {
  /** By the server's clock. */
  at_ms: number;
  available_mbps: number | null;
  sent_mbps: number | null;
  received_mbps: number | null;
  lossSending_pct: number | null;
  lossReceiving_pct: number | null;
  trip_ms: number | null;
  pictures: Readonly<Record<string, PictureSample>>;
}

export interface PersonHistory {
  /** As it was told last. */
  now: PersonConnections;
  samples: readonly Sample[];
}

/** In the order in which they came into the room. */
export type History = readonly PersonHistory[];

/** The history with one more moment; of who has gone nothing is left. */
export function grow(history: History, told: RoomConnections): History {
  const at_ms = Date.parse(told.at);
  const known = new Map(history.map((one) => [one.now.participant_id, one]));
  return told.participants.map((now) => {
    const before = known.get(now.participant_id);
    const last = before?.samples.at(-1);
    const sample = sampleOf(now, at_ms, last && before ? { at_ms: last.at_ms, told: before.now } : null);
    const kept = (before?.samples ?? []).filter((one) => one.at_ms > at_ms - KEPT_MS && one.at_ms < at_ms);
    return { now, samples: [...kept, sample] };
  });
}

interface Before {
  at_ms: number;
  told: PersonConnections;
}

function sampleOf(now: PersonConnections, at_ms: number, before: Before | null): Sample {
  return {
    at_ms,
    available_mbps: now.available_bps === null ? null : now.available_bps / 1e6,
    sent_mbps: before && rate(now.bytes_sent - before.told.bytes_sent, at_ms - before.at_ms),
    received_mbps: before && rate(now.bytes_received - before.told.bytes_received, at_ms - before.at_ms),
    lossSending_pct: percent(now.loss_sending),
    lossReceiving_pct: percent(now.loss_receiving),
    trip_ms: now.round_trip_ms,
    pictures: Object.fromEntries(now.watches.map((one) => [one.consumer_id, pictureOf(one)])),
  };
}

/** Null where counters have begun anew with a new connection. */
function rate(bytes: number, passed_ms: number): number | null {
  return bytes < 0 || passed_ms <= 0 ? null : (bytes * 8) / (passed_ms * 1000);
}

const percent = (share: number | null): number | null => (share === null ? null : share * 100);

function pictureOf({ state, spatial_layer, layers, height }: PictureWatched): PictureSample {
  const share = spatial_layer === null ? 0 : (spatial_layer + 1) / Math.max(layers, spatial_layer + 1);
  return { share, height, withheld: state === "withheld" };
}

/** The newest sample at a moment or before it, if there is one that is not long gone then. */
export function sampleAt(samples: readonly Sample[], at_ms: number): Sample | null {
  const found = samples.findLast((one) => one.at_ms <= at_ms);
  return found && at_ms - found.at_ms <= GAP_MS ? found : null;
}
