/** Polls of the class; null while the server has none. */
import type { OwnPollShape, PollShape, Pushes, RoomState } from "../protocol";

export type Showing = PollShape["results"];

export interface Poll {
  id: string;
  question: string;
  options: readonly string[];
  multiple: boolean;
  anonymous: boolean;
  results: Showing;
  open: boolean;
  /** Whether its results were shown to all. */
  shared: boolean;
  /** How many have voted, and what for; null while this one may not see it. */
  votes: number | null;
  counts: readonly number[] | null;
  /** Whether this one has voted, and for what as far as is known. */
  voted: boolean;
  mine: readonly number[] | null;
}

export interface PollsPart {
  polls: readonly Poll[] | null;
}

/** A poll as it is told; of one's own vote and of figures that are not said, what was known before. */
export function readPoll(one: PollShape | OwnPollShape, before?: Poll): Poll {
  const own = "voted" in one ? one : null;
  return {
    id: one.pollId,
    question: one.question,
    options: one.options,
    multiple: one.multiple,
    anonymous: one.anonymous,
    results: one.results,
    open: one.status === "open",
    shared: one.shared,
    votes: one.votes ?? before?.votes ?? null,
    counts: one.counts ?? before?.counts ?? null,
    voted: own?.voted ?? before?.voted ?? false,
    mine: own?.choices ?? before?.mine ?? null,
  };
}

export const readPolls = (told: RoomState): PollsPart => ({
  polls: told.polls?.map((one) => readPoll(one)) ?? null,
});

function told<S extends PollsPart>(state: S, data: Pushes["poll-opened"]): S {
  const known = state.polls ?? [];
  const before = known.find((one) => one.id === data.poll.pollId);
  const poll = readPoll(data.poll, before);
  return { ...state, polls: before ? known.map((one) => (one === before ? poll : one)) : [...known, poll] };
}

/** With older polls too, which only staff are told. Ids are in the order in which polls were made (UUIDv7). */
export function withOlderPolls<S extends PollsPart>(state: S, older: readonly PollShape[]): S {
  const known = state.polls ?? [];
  const missing = older.filter((one) => !known.some((poll) => poll.id === one.pollId));
  const all = [...known, ...missing.map((one) => readPoll(one))];
  return { ...state, polls: all.sort((one, other) => (one.id < other.id ? -1 : 1)) };
}

export const withVote = <S extends PollsPart>(state: S, pollId: string, choices: readonly number[]): S => ({
  ...state,
  polls:
    state.polls?.map((one) =>
      one.id === pollId ? { ...one, mine: choices, voted: choices.length > 0 } : one,
    ) ?? null,
});

export const pollsHandlers = {
  "poll-opened": told,
  "poll-closed": told,
  "poll-shared": told,
  "poll-changed": <S extends PollsPart>(state: S, { pollId, votes, counts }: Pushes["poll-changed"]): S => ({
    ...state,
    polls: state.polls?.map((one) => (one.id === pollId ? { ...one, votes, counts } : one)) ?? null,
  }),
};
