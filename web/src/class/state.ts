/** The class as it is, made from `joined-room` and carried on by pushes. No other place changes it. */
import { type BreakoutsPart, breakoutsHandlers, readBreakouts } from "./parts/breakouts";
import { type CaptionsPart, captionsHandlers } from "./parts/captions";
import { type ChatPart, chatHandlers } from "./parts/chat";
import { type ConnectionsPart, connectionsHandlers, readConnections } from "./parts/connections";
import { type HandsPart, handsHandlers, readHands } from "./parts/hands";
import { type LobbyPart, lobbyHandlers, readLobby } from "./parts/lobby";
import { type PeoplePart, peopleHandlers, readPeople } from "./parts/people";
import { type PollsPart, pollsHandlers, readPolls } from "./parts/polls";
import { type ReactionsPart, reactionsHandlers } from "./parts/reactions";
import { readSpeaker, type SpeakerPart, speakerHandlers } from "./parts/speaker";
import { readStage, type StagePart, stageHandlers } from "./parts/stage";
import { readStream, type StreamPart, streamHandlers } from "./parts/stream";
import type { Joined, Push, Pushes, RoomRights, RoomSettings } from "./protocol";
import type { Handlers } from "./wire";

export interface ClassState
  extends PeoplePart,
    HandsPart,
    ReactionsPart,
    StagePart,
    SpeakerPart,
    LobbyPart,
    ChatPart,
    PollsPart,
    BreakoutsPart,
    CaptionsPart,
    ConnectionsPart,
    StreamPart {
  /** One's own participant. */
  me: string;
  slug: string;
  name: string;
  settings: RoomSettings;
  may: RoomRights;
  recording: boolean;
  /** Whether the class is streamed without being recorded. */
  streamed: boolean;
  /** Whether the server knows calls between two. */
  call: boolean;
  /** Since when the class is held, by the clock of this browser. */
  since_ms: number;
}

/** The state after `joined-room`, `admitted` or a snapshot; of the one before only what the server does not keep. */
export function enter(joined: Joined, before: ClassState | null, now_ms: number): ClassState {
  const told = joined.state;
  return {
    me: joined.participant_id,
    slug: joined.room_id,
    name: before?.name ?? joined.room_id,
    settings: joined.settings,
    may: joined.may,
    recording: before?.recording ?? false,
    streamed: before?.streamed ?? false,
    call: "call" in told,
    // A server that has started anew in the midst of it does not know better than this page.
    since_ms: Math.min(before?.since_ms ?? now_ms, now_ms - joined.open_for_ms),
    reactions: [],
    captions: before?.captions ?? [],
    broadcast: null,
    chat: before?.chat ?? null,
    ...readPeople(joined),
    ...readHands(told),
    ...readStage(told),
    ...readSpeaker(joined, before?.speaker ?? null),
    ...readLobby(told),
    ...readPolls(told),
    ...readBreakouts(told),
    ...readConnections(told),
    ...readStream(told),
  };
}

const roomHandlers: Handlers<ClassState> = {
  "settings-changed": (state, { name, settings, may }) => ({ ...state, name, settings, may }),
  "recording-started": (state) => ({ ...state, recording: true }),
  "recording-stopped": (state) => ({ ...state, recording: false }),
  "stream-started": (state) => ({ ...state, streamed: true }),
  "stream-stopped": (state) => ({ ...state, streamed: false }),
};

const PARTS: readonly Handlers<ClassState>[] = [
  roomHandlers,
  peopleHandlers,
  handsHandlers,
  reactionsHandlers,
  stageHandlers,
  speakerHandlers,
  lobbyHandlers,
  chatHandlers,
  pollsHandlers,
  breakoutsHandlers,
  captionsHandlers,
  connectionsHandlers,
  streamHandlers,
];

/** The state after a push. Several parts may hear of the same; a push that none knows changes nothing. */
export function apply<E extends Push>(state: ClassState, event: E, data: Pushes[E]): ClassState {
  return PARTS.reduce((now, handlers) => handlers[event]?.(now, data) ?? now, state);
}
