/** Raised hands, in the order in which they went up; null while the server does not have them. */
import type { Pushes, RaisedHand, RoomState } from "../protocol";

export interface HandsPart {
  hands: readonly RaisedHand[] | null;
}

export const readHands = (told: RoomState): HandsPart => ({ hands: told.hands ?? null });

export const handsHandlers = {
  "hands-changed": <S extends HandsPart>(state: S, data: Pushes["hands-changed"]): S => ({
    ...state,
    hands: data.hands,
  }),
  "participant-left": <S extends HandsPart>(state: S, data: Pushes["participant-left"]): S => ({
    ...state,
    hands: state.hands?.filter((one) => one.participantId !== data.participant_id) ?? null,
  }),
};
