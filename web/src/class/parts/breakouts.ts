/** Breakout rooms: groups within the room; null while none are open. */
import type { BreakoutsState, Pushes, RoomState } from "../protocol";
import type { PeoplePart } from "./people";

export type Breakouts = BreakoutsState;
export type Group = Breakouts["groups"][number];

export interface BreakoutsPart extends PeoplePart {
  me: string;
  breakouts: Breakouts | null;
  /** The last word of others of the staff to all groups. */
  broadcast: { id: number; from: string; text: string } | null;
}

let count = 0;

export const readBreakouts = (told: RoomState): Pick<BreakoutsPart, "breakouts"> => ({
  breakouts: told.breakouts ?? null,
});

/** The group somebody is in; null in the main room. */
export const groupOf = (breakouts: Breakouts | null, id: string): Group | null =>
  breakouts?.groups.find((one) => one.participantIds.includes(id)) ?? null;

/** What those send who are not in one's own group is out of reach. */
function nearOnly<S extends BreakoutsPart>(state: S): S {
  const mine = groupOf(state.breakouts, state.me)?.groupId;
  const isNear = (owner: string) => groupOf(state.breakouts, owner)?.groupId === mine;
  return { ...state, media: state.media.filter((one) => isNear(one.owner)) };
}

function moved(breakouts: Breakouts, id: string, groupId: string | null): Breakouts {
  const groups = breakouts.groups.map((one) => {
    const others = one.participantIds.filter((other) => other !== id);
    return { ...one, participantIds: one.groupId === groupId ? [...others, id] : others };
  });
  return { ...breakouts, groups };
}

export const breakoutsHandlers = {
  "breakouts-opened": <S extends BreakoutsPart>(state: S, data: Pushes["breakouts-opened"]): S =>
    nearOnly({ ...state, breakouts: data }),
  "breakout-moved": <S extends BreakoutsPart>(state: S, data: Pushes["breakout-moved"]): S => {
    if (!state.breakouts) return state;
    return nearOnly({ ...state, breakouts: moved(state.breakouts, data.participantId, data.groupId) });
  },
  "breakouts-ending": <S extends BreakoutsPart>(state: S, data: Pushes["breakouts-ending"]): S => ({
    ...state,
    breakouts: state.breakouts && { ...state.breakouts, endsAt: data.endsAt },
  }),
  "breakouts-closed": <S extends BreakoutsPart>(state: S): S => ({
    ...state,
    breakouts: null,
    // "Five minutes left" is wrong once everybody is back.
    broadcast: null,
  }),
  "breakout-broadcast": <S extends BreakoutsPart>(state: S, data: Pushes["breakout-broadcast"]): S => {
    if (data.from.participantId === state.me) return state;
    return { ...state, broadcast: { id: ++count, from: data.from.fullName, text: data.text } };
  },
  "participant-left": <S extends BreakoutsPart>(state: S, data: Pushes["participant-left"]): S =>
    state.breakouts ? { ...state, breakouts: moved(state.breakouts, data.participant_id, null) } : state,
};
