/** The tiles of a class: which there are, in which order, and which of them is large. */
import type { DirectMedia } from "./direct";
import { groupOf } from "./parts/breakouts";
import { isStaff, type Media } from "./parts/people";
import type { Role } from "./protocol";
import type { ClassState } from "./state";

export interface Tile {
  key: string;
  kind: "person" | "screen";
  personId: string;
  name: string;
  role: Role;
  own: boolean;
  /** The producer of its picture; of one's own tiles null. */
  pictureId: string | null;
  muted: boolean;
  /** Place in the queue of raised hands, from 1; 0: not raised. */
  hand: number;
  presenter: boolean;
  /** Pinned by staff for everybody. */
  pinned: boolean;
}

/** What one sends oneself, which the server does not tell. */
export interface OwnSending {
  muted: boolean;
  screen: boolean;
  /** The producers of one's own camera and screen, while there are any. */
  cameraId: string | null;
  screenId: string | null;
}

export const OWN_SCREEN = "own-screen";
/** In place of a producer's id: what comes directly from the other of two. */
export const DIRECT = { camera: "direct-camera", screen: "direct-screen" } as const;

export function tilesOf(state: ClassState, own: OwnSending, direct: DirectMedia | null = null): Tile[] {
  const mine = groupOf(state.breakouts, state.me)?.groupId;
  const near = state.people.filter((one) => groupOf(state.breakouts, one.id)?.groupId === mine);
  const theirs = new Map<string, Media[]>();
  for (const one of state.media) theirs.set(one.owner, [...(theirs.get(one.owner) ?? []), one]);
  const people = near.map<Tile>((person) => {
    const sends = theirs.get(person.id) ?? [];
    const isOwn = person.id === state.me;
    const camera = sends.find((one) => one.source === "camera" && one.kind === "video");
    const sound = sends.find((one) => one.source === "microphone");
    const near = direct?.peerId === person.id ? direct.tracks : null;
    return {
      key: person.id,
      kind: "person",
      personId: person.id,
      name: person.name,
      role: person.role,
      own: isOwn,
      pictureId: near?.has("camera") ? DIRECT.camera : camera && !camera.paused ? camera.id : null,
      muted: isOwn ? own.muted : !near?.has("microphone") && (!sound || sound.paused),
      hand: (state.hands?.findIndex((one) => one.participantId === person.id) ?? -1) + 1,
      presenter: state.stage?.presenter === person.id,
      pinned: isPinned(state, isOwn ? own.cameraId : camera?.id),
    };
  });
  const screens = people.flatMap((tile) => {
    const shared = (theirs.get(tile.personId) ?? []).filter(
      (one) => one.source === "screen" && one.kind === "video",
    );
    const base = { ...tile, kind: "screen" as const, muted: false, hand: 0, presenter: false };
    const others = shared.map<Tile>((one) => ({
      ...base,
      key: one.id,
      pictureId: one.id,
      pinned: isPinned(state, one.id),
    }));
    if (direct?.peerId === tile.personId && direct.tracks.has("screen"))
      return [{ ...base, key: DIRECT.screen, pictureId: DIRECT.screen, pinned: false }];
    if (!tile.own) return others;
    const mine = { ...base, key: OWN_SCREEN, pictureId: null, pinned: isPinned(state, own.screenId) };
    return own.screen ? [mine] : [];
  });
  return [...screens, ...[...people].sort(byWeight)];
}

const isPinned = (state: ClassState, producerId: string | null | undefined): boolean =>
  typeof producerId === "string" && state.stage?.pinned?.producerId === producerId;

/** Staff, oneself, hands in their order, who can be seen, all others; within each as they came. */
function byWeight(one: Tile, other: Tile): number {
  return weight(one) - weight(other) || (one.hand && other.hand ? one.hand - other.hand : 0);
}

function weight(tile: Tile): number {
  if (tile.presenter) return 0;
  if (isStaff(tile.role) && !tile.own) return 1;
  if (tile.own) return 2;
  if (tile.hand > 0) return 3;
  return tile.pictureId ? 4 : 5;
}

export type View = "grid" | "speaker";

export interface Choice {
  view: View;
  /** What this one alone has pinned. */
  ownPin: string | null;
  speaker: string | null;
}

/** The tile that is large, and all others; null: all are alike. One's own pin comes first, then staff's, then screens. */
export function arrange(
  tiles: readonly Tile[],
  choice: Choice,
): { large: Tile | null; others: readonly Tile[] } {
  const first = (is: (tile: Tile) => boolean) => tiles.find(is);
  const large =
    (choice.ownPin !== null ? first((tile) => tile.key === choice.ownPin) : undefined) ??
    first((tile) => tile.pinned) ??
    first((tile) => tile.kind === "screen" && !tile.own) ??
    first((tile) => tile.kind === "screen") ??
    (choice.view === "speaker" && tiles.length > 1 ? speakerOf(tiles, choice.speaker) : undefined) ??
    null;
  return { large, others: large ? tiles.filter((tile) => tile !== large) : tiles };
}

function speakerOf(tiles: readonly Tile[], speaker: string | null): Tile | undefined {
  return (
    tiles.find((tile) => tile.presenter && !tile.own) ??
    tiles.find((tile) => tile.personId === speaker && !tile.own) ??
    tiles.find((tile) => !tile.own && tile.pictureId !== null) ??
    tiles.find((tile) => !tile.own)
  );
}
