/** Who presents and what staff have pinned for everybody; null while the server does not have them. */
import type { PinnedShape, Pushes, RoomState } from "../protocol";

export interface Pinned {
  producerId: string;
  peerId: string;
}

export interface StagePart {
  stage: { presenter: string | null; pinned: Pinned | null } | null;
}

const readPinned = (told: PinnedShape | undefined): Pinned | null =>
  told?.producerId ? { producerId: told.producerId, peerId: told.peerId ?? "" } : null;

export function readStage(told: RoomState): StagePart {
  if (!told.presenter && !told.pinned) return { stage: null };
  return { stage: { presenter: told.presenter?.participantId ?? null, pinned: readPinned(told.pinned) } };
}

const NONE = { presenter: null, pinned: null };

export const stageHandlers = {
  "presenter-changed": <S extends StagePart>(state: S, data: Pushes["presenter-changed"]): S => ({
    ...state,
    stage: { ...(state.stage ?? NONE), presenter: data.participantId },
  }),
  pinned: <S extends StagePart>(state: S, data: Pushes["pinned"]): S => ({
    ...state,
    stage: { ...(state.stage ?? NONE), pinned: readPinned(data) },
  }),
};
