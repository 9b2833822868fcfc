/** Reactions: each is shown for some seconds and then forgotten. */
import type { Pushes } from "../protocol";

export interface Reaction {
  id: number;
  peerId: string;
  reaction: string;
}

export interface ReactionsPart {
  reactions: readonly Reaction[];
}

const MOST = 30;
let count = 0;

export const reactionsHandlers = {
  reaction: <S extends ReactionsPart>(state: S, data: Pushes["reaction"]): S => {
    const one = { id: ++count, peerId: data.peerId, reaction: data.reaction };
    return { ...state, reactions: [...state.reactions.slice(1 - MOST), one] };
  },
};

export const withoutReaction = <S extends ReactionsPart>(state: S, id: number): S => ({
  ...state,
  reactions: state.reactions.filter((one) => one.id !== id),
});
