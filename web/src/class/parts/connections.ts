/** Whose connection is not good, and why. */
import type { ConnectionQuality, Pushes, RoomState } from "../protocol";
import type { BreakoutsPart } from "./breakouts";
import { groupOf } from "./breakouts";

export type Connection = ConnectionQuality;

export interface ConnectionsPart {
  /** Those that are not good, by participant. */
  connections: Readonly<Record<string, Connection>>;
}

export const readConnections = (told: RoomState): ConnectionsPart => ({
  connections: Object.fromEntries((told.connections ?? []).map((one) => [one.peerId, one])),
});

function without<S extends ConnectionsPart>(state: S, id: string): S {
  const { [id]: _, ...connections } = state.connections;
  return { ...state, connections };
}

export const connectionsHandlers = {
  "connection-quality": <S extends ConnectionsPart>(state: S, data: Pushes["connection-quality"]): S => {
    if (data.quality === "good") return without(state, data.peerId);
    return { ...state, connections: { ...state.connections, [data.peerId]: data } };
  },
  "participant-left": <S extends ConnectionsPart>(state: S, data: Pushes["participant-left"]): S =>
    without(state, data.participant_id),
};

/** Somebody's, when it is not good; of those in other groups nothing is heard. */
export function connectionOf(state: ConnectionsPart & BreakoutsPart, id: string): Connection | null {
  const isNear = groupOf(state.breakouts, id)?.groupId === groupOf(state.breakouts, state.me)?.groupId;
  return (isNear && state.connections[id]) || null;
}

type Reason = NonNullable<Connection["reason"]>;

const OWN: Readonly<Record<Reason, string>> = {
  silent: "Nothing comes from your network any more; others do not see or hear you.",
  loss_sending: "Your network loses packets while sending; others may see you freeze.",
  loss_receiving: "Your network loses packets while receiving; pictures may freeze.",
  narrow: "Your network is too slow for everything; you get smaller or fewer pictures.",
  delay: "Your network takes long; you and others hear each other late.",
};

const OTHERS: Readonly<Record<Reason, string>> = {
  silent: "Connection lost: nothing comes from there any more.",
  loss_sending: "Weak connection: what they send gets lost; they may freeze.",
  loss_receiving: "Weak connection: what they receive gets lost; they may miss something.",
  narrow: "Weak connection: too slow for everything; they get smaller or fewer pictures.",
  delay: "Weak connection: slow to answer; they hear and are heard late.",
};

/** What it means, in a sentence. */
export const sentenceOf = ({ reason }: Connection, isOwn: boolean): string =>
  reason ? (isOwn ? OWN : OTHERS)[reason] : "";
