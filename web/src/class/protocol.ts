/**
 * All messages of the signalling protocol (docs/protocol.md), as the server's own schemas have them.
 * Written by scripts/protocol_types.py: change the schemas in vtp/signalling, then run it again.
 */
import type { types } from "mediasoup-client";

/** Words for programs. */
export type ErrorCode =
  | "above_your_role"
  | "account_not_verified"
  | "already_answered"
  | "banned"
  | "breakouts_assigned"
  | "breakouts_open"
  | "cannot_be_banned"
  | "cannot_consume"
  | "cannot_consume_data"
  | "cannot_produce_data"
  | "cannot_read_chat"
  | "course_archived"
  | "course_not_open"
  | "draining"
  | "faulty_offer"
  | "faulty_parameters"
  | "forbidden"
  | "in_another_room"
  | "internal_server_error"
  | "invalid"
  | "is_a_guest"
  | "is_yourself"
  | "lesson_cancelled"
  | "lesson_deleted"
  | "lesson_not_open"
  | "lesson_over"
  | "lobby_full"
  | "malformed"
  | "media_not_acceptable"
  | "members_only"
  | "message_deleted"
  | "no_breakouts"
  | "no_layers"
  | "no_offer"
  | "no_private_chat"
  | "no_such_ban"
  | "no_such_breakout"
  | "no_such_consumer"
  | "no_such_data_consumer"
  | "no_such_data_producer"
  | "no_such_message"
  | "no_such_participant"
  | "no_such_poll"
  | "no_such_producer"
  | "no_such_room"
  | "no_such_transport"
  | "not_admitted"
  | "not_connected"
  | "not_in_a_room"
  | "not_in_course"
  | "not_in_p2p"
  | "not_released"
  | "not_signed_in"
  | "not_yours"
  | "nothing_to_resume"
  | "poll_closed"
  | "poll_is_anonymous"
  | "poll_open"
  | "rate_limited"
  | "room_locked"
  | "session_ended"
  | "stays_in_main"
  | "token_expired"
  | "token_invalid"
  | "token_revoked"
  | "too_large"
  | "too_many_bans"
  | "too_many_objects"
  | "too_many_polls"
  | "transport_connected"
  | "transport_not_named"
  | "unavailable"
  | "unknown_event"
  | "unsupported_codec"
  | "vote_is_final"
  | "watch_stream"
  | "wrong_direction";

/** `active-speaker`: who is dominant among those one hears, and by which microphone; both null: nobody. */
export interface ActiveSpeakerShape {
  peerId: string | null;
  producerId: string | null;
}

/** Who waited is in: the room as it is, as `join-room` says it. From here on pushes are numbered. */
export interface Admitted {
  success: true;
  room_id: string;
  participant_id: string;
  resume_token: string;
  seq: number;
  open_for_ms: number;
  participants: Participant[];
  settings: RoomSettings;
  may: RoomRights;
  state: RoomState;
  mediasoup: RoomRouter;
  roomId: string;
}

/** `assign-breakout`. */
export interface AssignBreakout {
  roomId?: string | null;
  requestId?: string | number | null;
  groupId?: string | null;
  participantId: string;
}

/** `audio-levels`: who is loud among those one hears, the loudest first; empty: silence. */
export interface AudioLevelsShape {
  volumes: VolumeShape[];
}

/** A ban: of the account `userId`, or of the guest's link `linkId` together with where they came from. */
export interface BanDescribed {
  banId: string;
  userId: string | null;
  linkId: string | null;
  full_name: string;
  reason: string;
  bannedBy: string | null;
  /** ISO 8601, with its zone. */
  since: string;
}

/** What the link over which the listener receives carries, in bit/s, has changed by a tenth or more. */
export interface Bandwidth {
  transportId: string;
  availableOutgoingBitrate: number;
}

/** What `get-bans` is answered: all bans of the room, newest first. */
export interface BansReply {
  bans: BanDescribed[];
}

/** One breakout room, and who is in it. */
export interface BreakoutGroup {
  groupId: string;
  name: string;
  participantIds: string[];
}

export interface BreakoutNotice {
  from: NoticeSender;
  text: string;
  sentAt: string;
}

/** Who is where now: `breakout-moved`, and what moving is answered; null is the main room. */
export interface BreakoutPlace {
  participantId: string;
  groupId: string | null;
}

/** A breakout room to be, and who is in it at first. */
export interface BreakoutWish {
  /** A line of text. */
  name: string;
  participantIds?: string[] | null;
}

/** `breakouts-closed`: everybody is in the main room again. */
export type BreakoutsClosed = object;

/** When all will be back: `breakouts-ending`, and what closing is answered; null: all are. */
export interface BreakoutsEnd {
  endsAt: string | null;
}

/** All breakout rooms; `endsAt` is an ISO 8601 time, null while nothing brings all back. */
export interface BreakoutsState {
  groups: BreakoutGroup[];
  endsAt: string | null;
  choose: boolean;
}

/** `broadcast-breakouts`. */
export interface BroadcastBreakouts {
  roomId?: string | null;
  requestId?: string | number | null;
  text: string;
}

/** `error`, which clients without acknowledgements are told. */
export interface CallFailed {
  error: string;
  code: ErrorCode;
  event: string;
  requestId?: string | number;
}

/** How two in a room reach each other. `reason` says why not directly (any more). */
export interface CallMode {
  mode: "p2p" | "sfu";
  peerId: string | null;
  offers: boolean;
  reason: Hindrance | null;
}

/** A candidate as browsers' `toJSON()` has it. */
export interface CandidateInit {
  candidate?: string | null;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

/** `caption`: a line that somebody typed for the recording; `at`: seconds of that. */
export interface CaptionPush {
  recordingId: string;
  language: string;
  text: string;
  at: number;
}

/** `change-settings`. */
export interface ChangeSettings {
  roomId?: string | null;
  requestId?: string | number | null;
  settings: Partial<RoomSettings>;
}

/** What `clear-chat` is answered, and what `chat-cleared` says. */
export interface ChatClearedReply {
  groupId: string | null;
}

/** What `delete-chat` is answered, and what `chat-deleted` says. */
export interface ChatDeletedReply {
  messageId: string;
}

export interface ChatItem {
  id: string;
  from: ChatPerson;
  to: ChatPerson | null;
  text: string;
  replyTo: string | null;
  groupId: string | null;
  /** ISO 8601, with its zone. */
  sentAt: string;
  editedAt: string | null;
  deleted: boolean;
}

/** What `send-chat` and `edit-chat` are answered, and what `chat-message` and `chat-edited` say. */
export interface ChatMessageReply {
  message: ChatItem;
}

/** What `get-chat` is answered: oldest first; `more`: there is more before. */
export interface ChatPageReply {
  messages: ChatItem[];
  more: boolean;
}

/** Who wrote a message, or whom it is for, as they were then. */
export interface ChatPerson {
  participantId: string;
  userId: string | null;
  fullName: string;
  role: Role;
}

/** `close-breakouts`; 0 or left out: at once. */
export interface CloseBreakouts {
  roomId?: string | null;
  requestId?: string | number | null;
  inS?: number | null;
}

/** `connect-transport`. */
export interface ConnectTransport {
  roomId?: string | null;
  requestId?: string | number | null;
  transportId: string;
  dtlsParameters: DtlsParameters;
}

/** Whose connection is how good; `reason` is null with a good one, and only then. */
export interface ConnectionQuality {
  peerId: string;
  quality: "good" | "fair" | "poor" | "lost";
  reason: "silent" | "loss_sending" | "loss_receiving" | "narrow" | "delay" | null;
}

/** `consume`. Without `paused` it starts paused where the caller waits for an acknowledgement. */
export interface Consume {
  roomId?: string | null;
  requestId?: string | number | null;
  transportId?: string | null;
  producerId: string;
  rtpCapabilities: RtpCapabilities;
  paused?: boolean | null;
}

/** `consume-data`. */
export interface ConsumeData {
  roomId?: string | null;
  requestId?: string | number | null;
  transportId?: string | null;
  dataProducerId: string;
  paused?: boolean | null;
}

/** Who sends it has paused or resumed what the listener consumes. */
export interface ConsumedProducerChanged {
  consumerId: string;
  producerId: string;
}

/** A consumer of the listener's own is no more, and they did not close it. */
export interface ConsumerClosed {
  consumerId: string;
  producerId: string;
  reason: string;
}

/** `consume`: what `transport.consume` takes. */
export interface ConsumerCreated {
  id: string;
  consumerId: string;
  producerId: string;
  kind: "audio" | "video";
  rtpParameters: ConsumerRtpParameters;
  type: "simple" | "simulcast" | "svc";
  paused: boolean;
  producerPaused: boolean;
}

/** What `transport.consume` takes as `rtpParameters`. */
export type ConsumerRtpParameters = types.RtpParameters;

/** `create-poll`. */
export interface CreatePoll {
  roomId?: string | null;
  requestId?: string | number | null;
  question: string;
  options: string[];
  multiple?: boolean | null;
  anonymous?: boolean | null;
  results: "live" | "after" | "hidden";
}

/** `create-transport`. */
export interface CreateTransport {
  roomId?: string | null;
  requestId?: string | number | null;
  direction: "send" | "recv";
  enableSctp?: boolean | null;
  sctpCapabilities?: Record<string, unknown> | null;
}

/** A data consumer of the listener's own is no more, and they did not close it. */
export interface DataConsumerClosed {
  dataConsumerId: string;
  dataProducerId: string;
  reason: string;
}

/** `consume-data`: what `transport.consumeData` takes. */
export interface DataConsumerCreated {
  id: string;
  dataConsumerId: string;
  dataProducerId: string;
  sctpStreamParameters: ServerSctpStream;
  label: string;
  protocol: string;
  paused: boolean;
}

/** Somebody's channel is no more; `not_allowed`: the room does not let them any more. */
export interface DataProducerClosed {
  dataProducerId: string;
  peerId: string;
  reason?: "not_allowed";
}

/** `produce-data`. */
export interface DataProducerCreated {
  id: string;
  dataProducerId: string;
}

/** Who waited does not come in; they may ask again. */
export interface Denied {
  roomId: string;
  reason: string;
}

/** `deny`; the reason is told to them. */
export interface Deny {
  roomId?: string | null;
  requestId?: string | number | null;
  participantId?: string | null;
  all?: true | null;
  reason?: string | null;
}

/** Certificate fingerprint, RFC 8122: upper-case hexadecimal pairs separated by colons. */
export interface DtlsFingerprint {
  algorithm: "sha-1" | "sha-224" | "sha-256" | "sha-384" | "sha-512";
  value: string;
}

/** DTLS role and certificate fingerprints of one side. */
export interface DtlsParameters {
  role?: "auto" | "client" | "server" | null;
  fingerprints: DtlsFingerprint[];
}

/** `edit-chat`. */
export interface EditChat {
  roomId?: string | null;
  requestId?: string | number | null;
  messageId: string;
  text: string;
}

/** `end-room`. */
export interface EndRoom {
  roomId?: string | null;
  requestId?: string | number | null;
  reason?: string | null;
}

/** The acknowledgement of a call that failed, besides `ok`; it has changed nothing. */
export interface Failure {
  error: string;
  code: ErrorCode;
  problem: Problem;
}

/** What is wrong with one field; `pointer` is a JSON pointer. */
export interface FieldFault {
  pointer: string;
  detail: string;
}

/** `get-chat`. */
export interface GetChat {
  roomId?: string | null;
  requestId?: string | number | null;
  before?: string | null;
  limit?: number | null;
  search?: string | null;
}

/** `get-polls`. */
export interface GetPolls {
  roomId?: string | null;
  requestId?: string | number | null;
  before?: string | null;
  limit?: number | null;
}

/** `hands-changed`: all that are up, in the order in which they went up. */
export interface HandsChangedPush {
  hands: RaisedHand[];
}

/** `auth` of a connection. */
export interface Handshake {
  token?: string | null;
  answers?: "ack" | null;
  resume?: boolean | null;
  resume_token?: string | null;
  seq?: number | null;
}

/** Why a call is not direct; the word that clients are told. */
export type Hindrance = "left" | "others" | "setting" | "recording" | "rights" | "groups" | "not_ready";

/** `restart-ice`: what `updateIceServers` and `restartIce` take, in this order. */
export interface IceRestarted {
  transportId: string;
  iceParameters: ServerIceParameters;
  iceServers: IceServer[];
}

/** A STUN or TURN server; a TURN server with credentials that expire. */
export interface IceServer {
  urls: string;
  username?: string;
  credential?: string;
}

/** `join-breakout`; without a group: back to the main room. */
export interface JoinBreakout {
  roomId?: string | null;
  requestId?: string | number | null;
  groupId?: string | null;
}

/** `join-room`. Who somebody is says their token; `role` can only lower what that grants. */
export interface JoinRoom {
  roomId: string;
  requestId?: string | number | null;
  room_name?: string | null;
  role?: string | null;
  is_producer?: boolean | null;
  full_name?: string | null;
  guest_key?: string | null;
}

/** `join-room`: the room as it is. */
export interface Joined {
  success: true;
  room_id: string;
  participant_id: string;
  resume_token: string;
  seq: number;
  open_for_ms: number;
  participants: Participant[];
  settings: RoomSettings;
  may: RoomRights;
  state: RoomState;
  mediasoup: RoomRouter;
}

/** The listener was put out of the room, where they are not any more. */
export interface Kicked {
  reason: string;
  banned: boolean;
}

/** What the listener gets of a producer in several layers; null: nothing. */
export interface LayersChanged {
  consumerId: string;
  producerId: string;
  spatialLayer: number | null;
  temporalLayer: number | null;
}

/** `set-preferred-layers`: what of it there is. */
export interface LayersPreferred {
  consumerId: string;
  spatialLayer: number;
  temporalLayer: number;
}

/** Which spatial layers of the listener's own producer somebody watches or records. Those above the highest need not be sent until they are among them again. */
export interface LayersWatched {
  producerId: string;
  spatialLayers: number[];
}

/** `leave-room`. */
export interface Left {
  success: true;
  room_id: string;
}

/** `lobby-changed`, to staff: everybody who waits, in the order they came. */
export interface LobbyChanged {
  waiting: WaitingPerson[];
}

/** `lower-hand`: one's own, or somebody else's. */
export interface LowerHand {
  roomId?: string | null;
  requestId?: string | number | null;
  participantId?: string | null;
}

/** Base of every payload. */
export interface Message {
  roomId?: string | null;
  requestId?: string | number | null;
}

/** `mute`. */
export interface Mute {
  roomId?: string | null;
  requestId?: string | number | null;
  participantId: string;
  source: "microphone" | "camera" | "screen";
}

/** `muted`, to whose it was; `producerId` is null for what goes to the other of a direct call. */
export interface MutedPush {
  source: "microphone" | "camera" | "screen";
  producerId: string | null;
  by: string;
}

/** `pause-consumer`, `resume-consumer`, `close-consumer`, `request-keyframe`. */
export interface NamesConsumer {
  roomId?: string | null;
  requestId?: string | number | null;
  consumerId: string;
}

/** `resume-data-consumer`, `close-data-consumer`. */
export interface NamesDataConsumer {
  roomId?: string | null;
  requestId?: string | number | null;
  dataConsumerId: string;
}

/** `close-data-producer`. */
export interface NamesDataProducer {
  roomId?: string | null;
  requestId?: string | number | null;
  dataProducerId: string;
}

/** `delete-chat`. */
export interface NamesMessage {
  roomId?: string | null;
  requestId?: string | number | null;
  messageId: string;
}

/** `close-poll`, `share-poll`. */
export interface NamesPoll {
  roomId?: string | null;
  requestId?: string | number | null;
  pollId: string;
}

/** `pause-producer`, `resume-producer`, `close-producer`. */
export interface NamesProducer {
  roomId?: string | null;
  requestId?: string | number | null;
  producerId: string;
}

/** `restart-ice`, and what follows a transport's making. */
export interface NamesTransport {
  roomId?: string | null;
  requestId?: string | number | null;
  transportId: string;
}

/** `admit`: one who waits, or all. */
export interface NamesWaiting {
  roomId?: string | null;
  requestId?: string | number | null;
  participantId?: string | null;
  all?: true | null;
}

/** What somebody is told, wherever they are connected: one of their notifications, by its id. */
export interface News {
  id: string;
  kind: string;
  title: string;
  text: string;
  link: string;
  context: string;
  at: string;
  course_id: string | null;
  lesson_id: string | null;
  recording_id: string | null;
}

/** The event says it all. */
export type Nothing = object;

/** Who has written. */
export interface NoticeSender {
  participantId: string;
  userId: string | null;
  fullName: string;
  role: Role;
}

/** What every push carries besides; numbers go up by one, without gaps, from 1 after `join-room`. */
export interface Numbered {
  roomId: string;
  seq: number;
}

/** The acknowledgement of an offer: empty when it was relayed, else the server's answer. */
export interface OfferAnswer {
  sdp?: string;
  transportId?: string;
  producers?: OfferedProducer[];
}

/** What an offer to the server publishes. */
export interface OfferedProducer {
  producerId: string;
  kind: "audio" | "video";
}

/** `open-breakouts`. */
export interface OpenBreakouts {
  roomId?: string | null;
  requestId?: string | number | null;
  groups: BreakoutWish[];
  durationS?: number | null;
  choose?: boolean | null;
}

/** What the caller gets; `producerId` is null while it follows a program that nobody presents. */
export interface OwnConsumer {
  consumerId: string;
  transportId: string;
  producerId: string | null;
  kind: "audio" | "video";
  paused: boolean;
  producerPaused: boolean;
}

/** A channel that the caller reads. */
export interface OwnDataConsumer {
  dataConsumerId: string;
  transportId: string;
  dataProducerId: string;
  paused: boolean;
}

/** A channel that the caller writes to. */
export interface OwnDataProducer {
  dataProducerId: string;
  transportId: string;
  label: string;
}

/** All that the caller has open: what is not named here has ended. */
export interface OwnMedia {
  transports: OwnTransport[];
  producers: OwnProducer[];
  consumers: OwnConsumer[];
  dataProducers: OwnDataProducer[];
  dataConsumers: OwnDataConsumer[];
}

/** A poll with one's own vote; `choices` is null without one, and where nobody knows it any more. */
export interface OwnPollShape {
  pollId: string;
  question: string;
  options: string[];
  multiple: boolean;
  anonymous: boolean;
  results: "live" | "after" | "hidden";
  status: "open" | "closed";
  shared: boolean;
  votes: number | null;
  counts: number[] | null;
  createdBy: string | null;
  createdByName: string;
  /** ISO 8601, with its zone. */
  createdAt: string;
  closedAt: string | null;
  voted: boolean;
  choices: number[] | null;
}

/** What the caller sends. */
export interface OwnProducer {
  producerId: string;
  transportId: string;
  kind: "audio" | "video";
  source: "microphone" | "camera" | "screen";
  paused: boolean;
  spatialLayers: number[];
}

/** A transport of the caller's own. */
export interface OwnTransport {
  transportId: string;
  direction: "send" | "recv";
}

/** Somebody in a room, as everybody there sees them. */
export interface Participant {
  participant_id: string;
  peerId: string;
  user_id: string | null;
  full_name: string;
  role: Role;
  is_producer: boolean;
  /** ISO 8601, with its zone. */
  joined_at: string;
}

/** Somebody else has come. */
export interface ParticipantJoined {
  room_id: string;
  participant: Participant;
}

/** Somebody else has gone. */
export interface ParticipantLeft {
  room_id: string;
  participant_id: string;
  peerId: string;
}

/** `get-participants`. */
export interface Participants {
  room_id: string;
  participants: Participant[];
  count: number;
}

/** Somebody in a room in mediasoup's words, with what they send. */
export interface Peer {
  peerId: string;
  userId: string | null;
  email: "";
  fullName: string;
  role: Role;
  isProducer: boolean;
  /** ISO 8601, with its zone. */
  joinedAt: string;
  producerCount: number;
  consumerCount: number;
  producers: PeerProducer[];
  dataProducers: PeerDataProducer[];
}

/** A channel that somebody writes to. */
export interface PeerDataProducer {
  dataProducerId: string;
  peerId: string;
  label: string;
  protocol: string;
  /** What its client gave along. */
  appData: Record<string, unknown>;
}

/** `peer-muted`, to who gets it directly: it is not to be shown or heard until its sender begins anew. */
export interface PeerMuted {
  participantId: string;
  source: "microphone" | "camera" | "screen";
  by: string;
}

/** What somebody sends. */
export interface PeerProducer {
  producerId: string;
  peerId: string;
  kind: "audio" | "video";
  source: "microphone" | "camera" | "screen";
  paused: boolean;
  /** What its client gave along. */
  appData: Record<string, unknown>;
}

/** `pin`; without a producer nothing is pinned any more. */
export interface PinProducer {
  roomId?: string | null;
  requestId?: string | number | null;
  producerId?: string | null;
}

/** `pinned`: what is pinned and who sends it; both null when nothing is. */
export interface PinnedShape {
  producerId: string | null;
  peerId: string | null;
}

/** `poll-changed`. */
export interface PollChangedPush {
  pollId: string;
  votes: number;
  counts: number[];
}

/** `poll-opened`, `poll-closed`, `poll-shared`, and what the calls that cause them are answered. */
export interface PollPush {
  poll: PollShape;
}

/** A poll; `votes` and `counts` are null for who may not see them (yet). */
export interface PollShape {
  pollId: string;
  question: string;
  options: string[];
  multiple: boolean;
  anonymous: boolean;
  results: "live" | "after" | "hidden";
  status: "open" | "closed";
  shared: boolean;
  votes: number | null;
  counts: number[] | null;
  createdBy: string | null;
  createdByName: string;
  /** ISO 8601, with its zone. */
  createdAt: string;
  closedAt: string | null;
}

/** What `get-polls` is answered; `nextBefore` is null on the last page. */
export interface PollsReply {
  polls: PollShape[];
  nextBefore: string | null;
}

/** `presenter-changed`: whose the program is, or will be as soon as they send (`waiting`). */
export interface PresenterShape {
  participantId: string | null;
  waiting: boolean;
}

/** Why a call failed, as the HTTP API says it (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  request_id: string;
  errors: FieldFault[];
  error: string;
  code: ErrorCode;
  details: FieldFault[] | null;
  message: string;
  status_code: number;
  /** ISO 8601, with its zone. */
  timestamp: string;
  retry_after?: number;
}

/** `produce`. With `again` it gives what an earlier call made whose answer was lost, not another. */
export interface Produce {
  roomId?: string | null;
  requestId?: string | number | null;
  transportId?: string | null;
  kind: "audio" | "video";
  rtpParameters: RtpParameters;
  appData?: Record<string, unknown> | null;
  paused?: boolean | null;
  again?: boolean | null;
}

/** `produce-data`. */
export interface ProduceData {
  roomId?: string | null;
  requestId?: string | number | null;
  transportId?: string | null;
  sctpStreamParameters: SctpStreamParameters;
  label?: string | null;
  protocol?: string | null;
  appData?: Record<string, unknown> | null;
  paused?: boolean | null;
}

/** Somebody sends it no more; `not_allowed`: the room does not let them any more. */
export interface ProducerClosed {
  producerId: string;
  peerId: string;
  reason?: "not_allowed";
}

/** `produce`. */
export interface ProducerCreated {
  id: string;
  producerId: string;
  kind: "audio" | "video";
}

/** Whose hand is up, and since when (ISO 8601). */
export interface RaisedHand {
  participantId: string;
  /** ISO 8601, with its zone. */
  since: string;
}

/** `reaction`: who reacts, and how. */
export interface ReactionPush {
  peerId: string;
  reaction: string;
}

/** `ready-for-p2p`: whether the caller's client can have a direct call. */
export interface ReadyForP2p {
  roomId?: string | null;
  requestId?: string | number | null;
  ready: boolean;
}

export interface RelayedCandidate {
  from: string;
  candidate: RelayedCandidateInit | string | null;
}

export interface RelayedCandidateInit {
  candidate: string;
  sdpMid?: string;
  sdpMLineIndex?: number;
  usernameFragment?: string;
}

export interface RelayedDescription {
  from: string | null;
  sdp: string;
  transportId?: string;
}

/** `remove`. */
export interface Remove {
  roomId?: string | null;
  requestId?: string | number | null;
  participantId: string;
  reason?: string | null;
  ban?: boolean | null;
}

/** There is no place to go on with: join anew. */
export interface ResumeFailed {
  code: ErrorCode;
  error: string;
}

/** A new connection has an older one's place; `missed` pushes follow, or all of it is in `snapshot`. */
export interface Resumed {
  roomId: string;
  room_id: string;
  participant_id: string;
  resume_token: string;
  seq: number;
  missed: number;
  snapshot?: Joined;
}

/** Roles of an account or a token; what each may do is decided by `accounts.permissions.can` alone. */
export type Role = "admin" | "teacher" | "assistant" | "student" | "guest";

/** What `set-role` is answered, and what `role-changed` says. */
export interface RoleReply {
  participantId: string;
  role: "assistant" | "student";
}

/** The room is over: it was closed or deleted, or the server ends and is there again soon. */
export interface RoomClosed {
  room_id: string;
  reason: string;
  server_ends?: boolean;
}

/** `get-room-info`. */
export interface RoomInfo {
  roomId: string;
  name: string;
  peerCount: number;
  peers: Peer[];
  /** ISO 8601, with its zone. */
  createdAt: string;
  producerCount: number;
  live: boolean;
  recording: boolean;
  streamed: boolean;
}

/** What somebody may do in a room now. */
export interface RoomRights {
  enter: boolean;
  publish: boolean;
  watch: boolean;
  speak: boolean;
  camera: boolean;
  share: boolean;
  chat: boolean;
  record: boolean;
  moderate: boolean;
  appoint: boolean;
  invite: boolean;
  update: boolean;
  delete: boolean;
}

/** What mediasoup-client loads, and who is there already. */
export interface RoomRouter {
  rtpCapabilities: RouterRtpCapabilities;
  peers: Peer[];
  own: OwnMedia;
}

/** A room's settings. */
export interface RoomSettings {
  publish: "everyone" | "staff";
  speak: "everyone" | "staff";
  camera: "everyone" | "staff";
  share: "everyone" | "staff";
  chat: "everyone" | "staff";
  private_chat: "everyone" | "staff" | "nobody";
  record: "staff" | "teachers";
  lobby: boolean;
  locked: boolean;
  p2p: boolean;
  watch_only_above: number;
}

/** What `device.load` takes as `routerRtpCapabilities`. */
export type RouterRtpCapabilities = types.RtpCapabilities;

/** What a router or an endpoint can send and receive. */
export type RtpCapabilities = types.RtpCapabilities;

/** What one producer sends or one consumer receives. */
export type RtpParameters = types.RtpParameters;

/** One data producer's or consumer's stream, RFC 8832 without DCEP. */
export type SctpStreamParameters = types.SctpStreamParameters;

/** `ice-candidate`; without `candidate` there are no more. */
export interface SendCandidate {
  roomId?: string | null;
  requestId?: string | number | null;
  to?: string | null;
  candidate?: CandidateInit | string | null;
}

/** `send-chat`. */
export interface SendChat {
  roomId?: string | null;
  requestId?: string | number | null;
  text: string;
  to?: string | null;
  replyTo?: string | null;
  clientId?: string | null;
}

/** `webrtc-offer`, `webrtc-answer`: to a participant, or without `to` to the server. */
export interface SendDescription {
  roomId?: string | null;
  requestId?: string | number | null;
  to?: string | null;
  sdp: string;
}

/** `react`: one emoji. */
export interface SendReaction {
  roomId?: string | null;
  requestId?: string | number | null;
  reaction: string;
}

/** The hash of the server's certificate. */
export interface ServerDtlsFingerprint {
  algorithm: "sha-1" | "sha-224" | "sha-256" | "sha-384" | "sha-512";
  value: string;
}

/** The server's side of DTLS. */
export interface ServerDtlsParameters {
  role: "auto" | "client" | "server";
  fingerprints: ServerDtlsFingerprint[];
}

/** Where the server is; `ip` repeats `address` for older clients. */
export interface ServerIceCandidate {
  foundation: string;
  priority: number;
  address: string;
  ip: string;
  protocol: "udp" | "tcp";
  port: number;
  type: "host" | "srflx" | "prflx" | "relay";
  tcpType?: "active" | "passive" | "so";
}

/** The server's ICE credentials. */
export interface ServerIceParameters {
  usernameFragment: string;
  password: string;
  iceLite: true;
}

/** The server's side of SCTP, in mediasoup's older and newer words. */
export interface ServerSctpParameters {
  OS: number;
  MIS: number;
  port: number;
  maxMessageSize: number;
  maxSendMessageSize: number;
  maxReceiveMessageSize: number;
  sendBufferSize: number;
  perStreamSendQueueLimit: number;
  maxReceiverWindowBufferSize: number;
  isDataChannel: boolean;
}

/** What `transport.consumeData` takes as `sctpStreamParameters`. */
export interface ServerSctpStream {
  streamId: number;
  ordered: boolean;
  maxPacketLifeTime?: number;
  maxRetransmits?: number;
}

/** `set-preferred-layers`: an upper bound. */
export interface SetPreferredLayers {
  roomId?: string | null;
  requestId?: string | number | null;
  consumerId: string;
  spatialLayer: number;
  temporalLayer?: number | null;
}

/** `set-presenter`; without a participant nobody is chosen any more. */
export interface SetPresenter {
  roomId?: string | null;
  requestId?: string | number | null;
  participantId?: string | null;
}

/** `set-role`. */
export interface SetRole {
  roomId?: string | null;
  requestId?: string | number | null;
  participantId: string;
  role: "assistant" | "student";
}

/** The room's name or its settings are others now; `may` is the listener's own. */
export interface SettingsChanged {
  name: string;
  settings: RoomSettings;
  may: RoomRights;
}

/** What `change-settings` is answered. */
export interface SettingsReply {
  settings: RoomSettings;
}

/** What `mute` and `mute-all` are answered: what was silenced now. */
export interface SilencedReply {
  producerIds: string[];
}

/** The stream that somebody follows instead of having media: `url`, once with `?grant=`. */
export interface StreamOffer {
  stream_id: string;
  url: string;
  grant: string;
}

/** `get-stream-offer` and the push `stream-offer`: null is for who has media of their own. */
export interface StreamOffered {
  stream: StreamOffer | null;
}

/** `pause-consumer`, `resume-consumer`, `close-consumer`, `request-keyframe`. */
export interface ThatConsumer {
  consumerId: string;
}

/** `resume-data-consumer`, `close-data-consumer`. */
export interface ThatDataConsumer {
  dataConsumerId: string;
}

/** `close-data-producer`. */
export interface ThatDataProducer {
  dataProducerId: string;
}

/** `pause-producer`, `resume-producer`, `close-producer`. */
export interface ThatProducer {
  producerId: string;
}

/** `close-transport`. */
export interface TransportClosed {
  transportId: string;
}

/** `connect-transport`. */
export interface TransportConnected {
  transportId: string;
}

/** `create-transport`: what `createSendTransport` and `createRecvTransport` take. */
export interface TransportCreated {
  id: string;
  transportId: string;
  direction: "send" | "recv";
  iceParameters: ServerIceParameters;
  iceCandidates: ServerIceCandidate[];
  dtlsParameters: ServerDtlsParameters;
  sctpParameters?: ServerSctpParameters;
  iceServers: IceServer[];
}

/** `unban`. */
export interface Unban {
  roomId?: string | null;
  requestId?: string | number | null;
  banId: string;
}

/** How loud one microphone was on average, in dBov: 0 is the loudest, -127 silence. */
export interface VolumeShape {
  producerId: string;
  peerId: string;
  volume: number;
}

/** `vote`: the options' places, from 0; none takes the vote back. */
export interface Vote {
  roomId?: string | null;
  requestId?: string | number | null;
  pollId: string;
  choices: number[];
}

/** What `vote` is answered. */
export interface VoteReply {
  pollId: string;
  choices: number[];
}

/** `join-room` of somebody who is to be let in first. */
export interface Waiting {
  waiting: true;
  participant_id: string;
}

/** Somebody who waits, as staff see them. */
export interface WaitingPerson {
  participantId: string;
  full_name: string;
  role: Role;
  /** ISO 8601, with its zone. */
  since: string;
}

/** What the parts of a class say of the room, in `joined-room`. */
export interface RoomState {
  hands?: RaisedHand[];
  polls?: OwnPollShape[];
  presenter?: PresenterShape;
  pinned?: PinnedShape;
  speaker?: ActiveSpeakerShape;
  call?: CallMode;
  waiting?: WaitingPerson[];
  breakouts?: BreakoutsState;
  connections?: ConnectionQuality[];
  stream?: StreamOffer | null;
}

/** What a client asks for, by event. */
export interface Calls {
  "join-room": { payload: JoinRoom; reply: Joined | Waiting };
  "leave-room": { payload: Message; reply: Left };
  "get-participants": { payload: Message; reply: Participants };
  "get-room-info": { payload: Message; reply: RoomInfo };
  "create-transport": { payload: CreateTransport; reply: TransportCreated };
  "connect-transport": { payload: ConnectTransport; reply: TransportConnected };
  "close-transport": { payload: NamesTransport; reply: TransportClosed };
  "restart-ice": { payload: NamesTransport; reply: IceRestarted };
  produce: { payload: Produce; reply: ProducerCreated };
  consume: { payload: Consume; reply: ConsumerCreated };
  "pause-producer": { payload: NamesProducer; reply: ThatProducer };
  "resume-producer": { payload: NamesProducer; reply: ThatProducer };
  "close-producer": { payload: NamesProducer; reply: ThatProducer };
  "pause-consumer": { payload: NamesConsumer; reply: ThatConsumer };
  "resume-consumer": { payload: NamesConsumer; reply: ThatConsumer };
  "close-consumer": { payload: NamesConsumer; reply: ThatConsumer };
  "produce-data": { payload: ProduceData; reply: DataProducerCreated };
  "consume-data": { payload: ConsumeData; reply: DataConsumerCreated };
  "close-data-producer": { payload: NamesDataProducer; reply: ThatDataProducer };
  "resume-data-consumer": { payload: NamesDataConsumer; reply: ThatDataConsumer };
  "close-data-consumer": { payload: NamesDataConsumer; reply: ThatDataConsumer };
  "set-preferred-layers": { payload: SetPreferredLayers; reply: LayersPreferred };
  "request-keyframe": { payload: NamesConsumer; reply: ThatConsumer };
  "change-settings": { payload: ChangeSettings; reply: SettingsReply };
  mute: { payload: Mute; reply: SilencedReply };
  "mute-all": { payload: Message; reply: SilencedReply };
  "set-role": { payload: SetRole; reply: RoleReply };
  "send-chat": { payload: SendChat; reply: ChatMessageReply };
  "edit-chat": { payload: EditChat; reply: ChatMessageReply };
  "delete-chat": { payload: NamesMessage; reply: ChatDeletedReply };
  "clear-chat": { payload: Message; reply: ChatClearedReply };
  "get-chat": { payload: GetChat; reply: ChatPageReply };
  "raise-hand": { payload: Message; reply: object };
  "lower-hand": { payload: LowerHand; reply: object };
  "lower-all-hands": { payload: Message; reply: object };
  "create-poll": { payload: CreatePoll; reply: PollPush };
  vote: { payload: Vote; reply: VoteReply };
  "close-poll": { payload: NamesPoll; reply: PollPush };
  "share-poll": { payload: NamesPoll; reply: PollPush };
  "get-polls": { payload: GetPolls; reply: PollsReply };
  react: { payload: SendReaction; reply: object };
  "set-presenter": { payload: SetPresenter; reply: PresenterShape };
  pin: { payload: PinProducer; reply: PinnedShape };
  "ready-for-p2p": { payload: ReadyForP2p; reply: CallMode };
  "webrtc-offer": { payload: SendDescription; reply: OfferAnswer };
  "webrtc-answer": { payload: SendDescription; reply: object };
  "ice-candidate": { payload: SendCandidate; reply: object };
  admit: { payload: NamesWaiting; reply: object };
  deny: { payload: Deny; reply: object };
  remove: { payload: Remove; reply: object };
  "get-bans": { payload: Message; reply: BansReply };
  unban: { payload: Unban; reply: object };
  "end-room": { payload: EndRoom; reply: object };
  "open-breakouts": { payload: OpenBreakouts; reply: BreakoutsState };
  "join-breakout": { payload: JoinBreakout; reply: BreakoutPlace };
  "assign-breakout": { payload: AssignBreakout; reply: BreakoutPlace };
  "broadcast-breakouts": { payload: BroadcastBreakouts; reply: object };
  "close-breakouts": { payload: CloseBreakouts; reply: BreakoutsEnd };
  "get-stream-offer": { payload: Message; reply: StreamOffered };
}

/** What the server tells, by event; see `Numbered`. */
export interface Pushes {
  "participant-joined": ParticipantJoined;
  "participant-left": ParticipantLeft;
  "settings-changed": SettingsChanged;
  "recording-started": Nothing;
  "recording-stopped": Nothing;
  "stream-started": Nothing;
  "stream-stopped": Nothing;
  kicked: Kicked;
  "room-closed": RoomClosed;
  "new-producer": PeerProducer;
  "producer-paused": ConsumedProducerChanged;
  "producer-resumed": ConsumedProducerChanged;
  "producer-closed": ProducerClosed;
  "consumer-closed": ConsumerClosed;
  "layers-changed": LayersChanged;
  "new-data-producer": PeerDataProducer;
  "data-producer-closed": DataProducerClosed;
  "data-consumer-closed": DataConsumerClosed;
  bandwidth: Bandwidth;
  "layers-watched": LayersWatched;
  muted: MutedPush;
  "peer-muted": PeerMuted;
  "role-changed": RoleReply;
  "chat-message": ChatMessageReply;
  "chat-edited": ChatMessageReply;
  "chat-deleted": ChatDeletedReply;
  "chat-cleared": ChatClearedReply;
  "hands-changed": HandsChangedPush;
  "poll-opened": PollPush;
  "poll-changed": PollChangedPush;
  "poll-closed": PollPush;
  "poll-shared": PollPush;
  reaction: ReactionPush;
  "presenter-changed": PresenterShape;
  pinned: PinnedShape;
  "active-speaker": ActiveSpeakerShape;
  "audio-levels": AudioLevelsShape;
  "mode-changed": CallMode;
  "webrtc-offer": RelayedDescription;
  "webrtc-answer": RelayedDescription;
  "ice-candidate": RelayedCandidate;
  "lobby-changed": LobbyChanged;
  "breakouts-opened": BreakoutsState;
  "breakout-moved": BreakoutPlace;
  "breakouts-ending": BreakoutsEnd;
  "breakout-broadcast": BreakoutNotice;
  "breakouts-closed": BreakoutsClosed;
  "connection-quality": ConnectionQuality;
  caption: CaptionPush;
  "stream-offer": StreamOffered;
}

/** What is about the connection itself. */
export interface ConnectionEvents {
  resumed: Resumed;
  "resume-failed": ResumeFailed;
  error: CallFailed;
  admitted: Admitted;
  denied: Denied;
  news: News;
}

/** The acknowledgement of a call that was done. */
export type Ok<T> = { ok: true } & T;

/** The acknowledgement of a call that failed. */
export type Failed = { ok: false } & Failure;

export type Call = keyof Calls;
export type Payload<E extends Call> = Calls[E]["payload"];
export type Reply<E extends Call> = Calls[E]["reply"];
export type Acknowledgement<E extends Call> = Ok<Reply<E>> | Failed;

export type Push = keyof Pushes;
export type Pushed<E extends Push> = Numbered & Pushes[E];
