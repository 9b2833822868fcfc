/** Who is in the room and what they send. */
import type { Joined, Participant, PeerProducer, Pushes, Role } from "../protocol";

export type Source = PeerProducer["source"];

export interface Person {
  id: string;
  userId: string | null;
  name: string;
  role: Role;
  joinedAt: string;
}

/** Something that somebody sends. */
export interface Media {
  id: string;
  owner: string;
  kind: "audio" | "video";
  source: Source;
  paused: boolean;
}

export interface PeoplePart {
  /** In the order in which they came, oneself included. */
  people: readonly Person[];
  /** What others send. */
  media: readonly Media[];
}

const readPerson = (one: Participant): Person => ({
  id: one.participant_id,
  userId: one.user_id,
  name: one.full_name,
  role: one.role,
  joinedAt: one.joined_at,
});

const readMedia = ({ producerId, peerId, kind, source, paused }: PeerProducer): Media => ({
  id: producerId,
  owner: peerId,
  kind,
  source,
  paused,
});

export const readPeople = (joined: Joined): PeoplePart => ({
  people: joined.participants.map(readPerson),
  media: joined.mediasoup.peers.flatMap((peer) => peer.producers.map(readMedia)),
});

const without = <T extends { id: string }>(all: readonly T[], id: string) =>
  all.filter((one) => one.id !== id);

function pausedTo<S extends PeoplePart>(state: S, producerId: string, paused: boolean): S {
  const media = state.media.map((one) => (one.id === producerId ? { ...one, paused } : one));
  return { ...state, media };
}

export const peopleHandlers = {
  "participant-joined": <S extends PeoplePart>(state: S, data: Pushes["participant-joined"]): S => {
    const person = readPerson(data.participant);
    return { ...state, people: [...without(state.people, person.id), person] };
  },
  "participant-left": <S extends PeoplePart>(state: S, data: Pushes["participant-left"]): S => ({
    ...state,
    people: without(state.people, data.participant_id),
    media: state.media.filter((one) => one.owner !== data.participant_id),
  }),
  "role-changed": <S extends PeoplePart>(state: S, data: Pushes["role-changed"]): S => ({
    ...state,
    people: state.people.map((one) => (one.id === data.participantId ? { ...one, role: data.role } : one)),
  }),
  "new-producer": <S extends PeoplePart>(state: S, data: Pushes["new-producer"]): S => {
    const media = readMedia(data);
    return { ...state, media: [...without(state.media, media.id), media] };
  },
  "producer-closed": <S extends PeoplePart>(state: S, data: Pushes["producer-closed"]): S => ({
    ...state,
    media: without(state.media, data.producerId),
  }),
  "producer-paused": <S extends PeoplePart>(state: S, data: Pushes["producer-paused"]) =>
    pausedTo(state, data.producerId, true),
  "producer-resumed": <S extends PeoplePart>(state: S, data: Pushes["producer-resumed"]) =>
    pausedTo(state, data.producerId, false),
};

export const isStaff = (role: Role): boolean =>
  role === "admin" || role === "teacher" || role === "assistant";

const RANK: readonly Role[] = ["guest", "student", "assistant", "teacher", "admin"];

/** Nobody moderates a role above their own. */
export const outranks = (one: Role, other: Role): boolean => RANK.indexOf(other) > RANK.indexOf(one);
