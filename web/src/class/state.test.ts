import { describe, expect, it } from "vitest";
import { groupOf } from "./parts/breakouts";
import { withPastCaption } from "./parts/captions";
import { reading, withMessage, withOlder, withPage } from "./parts/chat";
import { connectionOf } from "./parts/connections";
import { withOlderPolls, withVote } from "./parts/polls";
import type { ChatItem, Joined, PollShape, Push } from "./protocol";
import { apply, type ClassState, enter } from "./state";
import { arrange, DIRECT, OWN_SCREEN, type OwnSending, tilesOf } from "./tiles";

type Json = Record<string, unknown>;

const person = (id: string, role = "student", name = id) => ({
  participant_id: id,
  peerId: id,
  user_id: `u-${id}`,
  full_name: name,
  role,
  is_producer: true,
  joined_at: "2026-11-27T08:00:00Z",
});

const producer = (id: string, peerId: string, source = "camera") => ({
  producerId: id,
  peerId,
  kind: source === "microphone" ? "audio" : "video",
  source,
  paused: false,
  appData: {},
});

const RIGHTS = { speak: true, camera: true, share: true, chat: true, moderate: false };
const SETTINGS = { lobby: false, locked: false, chat: "everyone", private_chat: "everyone" };

function joined(more: Json = {}): Json {
  return {
    room_id: "algebra",
    participant_id: "me",
    seq: 0,
    open_for_ms: 0,
    participants: [person("ada", "teacher"), person("sam"), person("me")],
    settings: SETTINGS,
    may: RIGHTS,
    state: {},
    mediasoup: { peers: [{ producers: [producer("ada-c", "ada"), producer("ada-m", "ada", "microphone")] }] },
    ...more,
  };
}

const joinedAs = (more: Json) => joined(more) as unknown as Joined;
const start = (more: Json = {}) => enter(joinedAs(more), null, 0);
const told = (state: ClassState, ...pushes: [string, Json][]) =>
  pushes.reduce((now, [event, data]) => apply(now, event as Push, data as never), state);

const OWN: OwnSending = { muted: false, screen: false, cameraId: null, screenId: null };

describe("the class as it is", () => {
  it("knows whose connection is not good, from the start and by pushes", () => {
    const bad = (peerId: string) => ({ peerId, quality: "poor", reason: "loss_sending" });
    const state = start({ state: { connections: [bad("ada")] } });
    expect(connectionOf(state, "ada")).toEqual(bad("ada"));
    expect(connectionOf(state, "sam")).toBeNull();
    const later = told(state, ["connection-quality", bad("sam")]);
    expect(Object.keys(later.connections)).toEqual(["ada", "sam"]);
    const well = told(later, ["connection-quality", { peerId: "ada", quality: "good", reason: null }]);
    expect(connectionOf(well, "ada")).toBeNull();
    expect(told(well, ["participant-left", { participant_id: "sam" }]).connections).toEqual({});
    const groups = [{ groupId: "g", name: "One", participantIds: ["sam"] }];
    const apart = told(well, ["breakouts-opened", { groups }]);
    expect(connectionOf(apart, "sam")).toBeNull();
  });

  it("begins with what joined-room says", () => {
    const state = start();
    expect(state.people.map((one) => one.id)).toEqual(["ada", "sam", "me"]);
    expect(state.media.map((one) => one.id)).toEqual(["ada-c", "ada-m"]);
  });

  it("shows no part that the server does not have", () => {
    const { hands, stage, lobby, chat, polls, breakouts, call } = start();
    expect({ hands, stage, lobby, chat, polls, breakouts, call }).toEqual({
      hands: null,
      stage: null,
      lobby: null,
      chat: null,
      polls: null,
      breakouts: null,
      call: false,
    });
  });

  it("knows who comes, who goes and what they took with them", () => {
    const state = told(
      start({ state: { hands: [{ participantId: "ada", since: "" }] } }),
      ["participant-joined", { participant: person("zoe", "guest") }],
      ["new-producer", producer("zoe-c", "zoe")],
      ["participant-left", { participant_id: "ada" }],
    );
    expect(state.people.map((one) => one.id)).toEqual(["sam", "me", "zoe"]);
    expect(state.media.map((one) => one.id)).toEqual(["zoe-c"]);
    expect(state.hands).toEqual([]);
  });

  it("counts somebody once who is told twice", () => {
    const again = { participant: person("sam", "student", "Samuel") };
    const state = told(start(), ["participant-joined", again]);
    expect(state.people.filter((one) => one.id === "sam").map((one) => one.name)).toEqual(["Samuel"]);
  });

  it("keeps what is paused, resumed and closed", () => {
    let state = told(start(), ["producer-paused", { producerId: "ada-m" }]);
    expect(state.media.find((one) => one.id === "ada-m")?.paused).toBe(true);
    state = told(
      state,
      ["producer-resumed", { producerId: "ada-m" }],
      ["producer-closed", { producerId: "ada-c" }],
    );
    expect(state.media).toMatchObject([{ id: "ada-m", paused: false }]);
  });

  it("takes roles, rights, settings and the recording as they are told", () => {
    const state = told(
      start(),
      ["role-changed", { participantId: "me", role: "assistant" }],
      [
        "settings-changed",
        { name: "Algebra III", settings: { ...SETTINGS, locked: true }, may: { ...RIGHTS, moderate: true } },
      ],
      ["recording-started", {}],
      ["stream-started", {}],
    );
    expect(state.people.find((one) => one.id === "me")?.role).toBe("assistant");
    expect(state).toMatchObject({
      name: "Algebra III",
      recording: true,
      streamed: true,
      settings: { locked: true },
    });
    expect(state.may.moderate).toBe(true);
  });

  it("is not changed by what it does not know", () => {
    const state = start();
    expect(apply(state, "from-a-newer-server" as Push, { x: 1 } as never)).toBe(state);
  });

  it("has begun when the class began, whoever comes when, also over a server that starts anew", () => {
    const late = enter(joinedAs({ open_for_ms: 600_000 }), null, 1_000_000);
    expect(late.since_ms).toBe(400_000);
    expect(enter(joinedAs({ open_for_ms: 700_000 }), late, 1_100_000).since_ms).toBe(400_000);
    expect(enter(joinedAs({ open_for_ms: 5_000 }), late, 1_200_000).since_ms).toBe(400_000);
  });

  it("keeps the chat and the clock over a snapshot, and nothing else", () => {
    const before = { ...withPage(start(), { messages: [], more: true }, []), recording: true };
    const state = enter(joinedAs({ participants: [person("me")], mediasoup: { peers: [] } }), before, 99);
    expect(state).toMatchObject({ since_ms: 0, recording: true, media: [], chat: { more: true } });
    expect(state.people).toHaveLength(1);
  });
});

describe("captions", () => {
  const typed = (text: string) => ({ recordingId: "r", language: "de", text, at: 1.5 });
  it("stand in their order until the recording ends, shown or past", () => {
    let state = told(start(), ["caption", typed("eins")], ["caption", typed("zwei")]);
    expect(state.captions.map((one) => [one.text, one.at_s, one.past])).toEqual([
      ["eins", 1.5, false],
      ["zwei", 1.5, false],
    ]);
    state = withPastCaption(state, state.captions[0]?.id ?? -1);
    expect(state.captions.map((one) => one.past)).toEqual([true, false]);
    expect(told(state, ["recording-stopped", {}]).captions).toEqual([]);
  });
});

describe("the lobby, hands and reactions", () => {
  it("take the list that is told", () => {
    const state = told(
      start({ state: { waiting: [], hands: [] } }),
      ["lobby-changed", { waiting: [{ participantId: "w", full_name: "Ruth", role: "guest", since: "" }] }],
      ["hands-changed", { hands: [{ participantId: "sam", since: "" }] }],
    );
    expect(state.lobby?.map((one) => one.full_name)).toEqual(["Ruth"]);
    expect(state.hands?.map((one) => one.participantId)).toEqual(["sam"]);
  });

  it("keep no more reactions than can be seen", () => {
    let state = start();
    for (let i = 0; i < 50; i += 1) state = apply(state, "reaction", { peerId: "sam", reaction: "👏" });
    expect(state.reactions).toHaveLength(30);
    expect(new Set(state.reactions.map((one) => one.id)).size).toBe(30);
  });
});

describe("the chat", () => {
  const message = (id: string, from: string, more: Partial<ChatItem> = {}): ChatItem => ({
    id,
    from: { participantId: from, userId: null, fullName: from, role: "student" },
    to: null,
    text: `text of ${id}`,
    replyTo: null,
    groupId: null,
    sentAt: "2026-11-27T08:00:00Z",
    editedAt: null,
    deleted: false,
    ...more,
  });
  const open = () => withPage(start(), { messages: [message("1", "ada")], more: true }, []);

  it("offers older messages again when it has let go of some", () => {
    let state = withPage(start(), { messages: [], more: false }, []);
    for (let id = 0; id < 1_001; id += 1) state = withMessage(state, message(String(id), "ada"));
    expect(state.chat?.messages).toHaveLength(1_000);
    expect(state.chat?.more).toBe(true);
  });

  it("counts what others write while it is not read", () => {
    let state = told(
      open(),
      ["chat-message", { message: message("2", "sam") }],
      ["chat-message", { message: message("3", "me") }],
    );
    expect(state.chat?.unread).toBe(1);
    state = reading(state, true);
    state = told(state, ["chat-message", { message: message("4", "sam") }]);
    expect(state.chat).toMatchObject({ unread: 0, reading: true });
  });

  it("has a message once that came as answer and as push", () => {
    const mine = message("2", "me");
    let state = withMessage(open(), mine);
    state = apply(state, "chat-message", { message: mine });
    expect(state.chat?.messages.map((one) => one.id)).toEqual(["1", "2"]);
  });

  it("changes and deletes in place", () => {
    const state = told(
      open(),
      ["chat-message", { message: message("2", "sam") }],
      ["chat-edited", { message: message("1", "ada", { text: "new", editedAt: "2026-11-27T08:01:00Z" }) }],
      ["chat-edited", { message: message("0", "ada") }],
      ["chat-deleted", { messageId: "2" }],
    );
    expect(state.chat?.messages).toMatchObject([
      { id: "1", text: "new" },
      { id: "2", text: "", deleted: true },
    ]);
  });

  it("puts older messages before, each once", () => {
    const older = ["0", "1"].map((id) => message(id, "ada"));
    expect(withOlder(open(), older, false).chat).toMatchObject({
      more: false,
      messages: [{ id: "0" }, { id: "1" }],
    });
  });
});

describe("polls", () => {
  const poll = (more: Json = {}) => ({
    pollId: "p",
    question: "Q?",
    options: ["a", "b"],
    multiple: false,
    anonymous: false,
    results: "after",
    status: "open",
    shared: false,
    votes: null,
    counts: null,
    ...more,
  });

  it("keep one's own vote when they change for all", () => {
    let state = told(start({ state: { polls: [] } }), ["poll-opened", { poll: poll() }]);
    state = withVote(state, "p", [1]);
    state = told(state, ["poll-closed", { poll: poll({ status: "closed", votes: 3, counts: [1, 2] }) }]);
    expect(state.polls).toMatchObject([{ open: false, voted: true, mine: [1], votes: 3, counts: [1, 2] }]);
  });

  it("take in older ones, each once and in their order", () => {
    const state = start({ state: { polls: [{ ...poll({ pollId: "b" }), voted: true, choices: [0] }] } });
    const older = ["a", "b", "c"].map((pollId) => poll({ pollId }) as unknown as PollShape);
    const all = withOlderPolls(state, older).polls;
    expect(all?.map(({ id, voted }) => [id, voted])).toEqual([
      ["a", false],
      ["b", true],
      ["c", false],
    ]);
  });

  it("take figures alone", () => {
    const state = told(
      start({ state: { polls: [{ ...poll(), voted: true, choices: null }] } }),
      ["poll-changed", { pollId: "p", votes: 2, counts: [2, 0] }],
      ["poll-changed", { pollId: "unknown", votes: 9, counts: [9, 0] }],
    );
    expect(state.polls).toMatchObject([{ id: "p", votes: 2, counts: [2, 0], voted: true, mine: null }]);
  });
});

describe("breakout rooms", () => {
  const OPENED = {
    groups: [
      { groupId: "g1", name: "One", participantIds: ["me"] },
      { groupId: "g2", name: "Two", participantIds: ["sam"] },
    ],
    endsAt: null,
    choose: false,
  };

  it("put out of reach what others send, until they come", () => {
    let state = told(start(), ["breakouts-opened", OPENED]);
    expect(state.media).toEqual([]);
    expect(tilesOf(state, OWN).map((tile) => tile.key)).toEqual(["me"]);
    state = told(
      state,
      ["new-producer", producer("ada-c", "ada")],
      ["breakout-moved", { participantId: "ada", groupId: "g1" }],
    );
    expect(state.media.map((one) => one.id)).toEqual(["ada-c"]);
    expect(tilesOf(state, OWN).map((tile) => tile.key)).toEqual(["ada", "me"]);
  });

  it("keep what came before the word that one has moved", () => {
    let state = told(start(), ["breakouts-opened", OPENED]);
    state = told(
      state,
      ["new-producer", producer("sam-c", "sam")],
      ["breakout-moved", { participantId: "me", groupId: "g2" }],
    );
    expect(state.media.map((one) => one.id)).toEqual(["sam-c"]);
    expect(groupOf(state.breakouts, "me")?.name).toBe("Two");
  });

  it("show the word of others of the staff, and not one's own again", () => {
    const said = (id: string, text: string): [string, Json] => [
      "breakout-broadcast",
      { from: { participantId: id, userId: null, fullName: "Ada", role: "teacher" }, text, sentAt: "" },
    ];
    const state = told(start(), said("ada", "Two minutes."));
    expect(state.broadcast).toMatchObject({ from: "Ada", text: "Two minutes." });
    expect(told(state, said("me", "Mine."))).toBe(state);
    expect(told(state, ["breakouts-closed", {}]).broadcast).toBeNull();
  });

  it("end, with everybody back", () => {
    const ending = { endsAt: "2026-11-27T09:00:00Z" };
    const state = told(start(), ["breakouts-opened", OPENED], ["breakouts-ending", ending]);
    expect(state.breakouts?.endsAt).toBe(ending.endsAt);
    expect(told(state, ["breakouts-closed", {}]).breakouts).toBeNull();
  });
});

describe("tiles", () => {
  const full = () =>
    told(
      start({
        state: { hands: [], presenter: null, pinned: null },
        participants: [person("sam"), person("zoe"), person("me"), person("ada", "teacher")],
      }),
      ["new-producer", producer("zoe-c", "zoe")],
    );

  it("put staff first, then oneself, hands in their order, pictures, and all others", () => {
    expect(tilesOf(full(), OWN).map((tile) => tile.key)).toEqual(["ada", "me", "zoe", "sam"]);
    const hands = [{ participantId: "sam" }, { participantId: "zoe" }];
    const state = told(full(), ["hands-changed", { hands }]);
    expect(tilesOf(state, OWN).map(({ key, hand }) => [key, hand])).toEqual([
      ["ada", 0],
      ["me", 0],
      ["sam", 1],
      ["zoe", 2],
    ]);
  });

  it("say who is muted and who cannot be seen", () => {
    const state = told(full(), ["producer-paused", { producerId: "ada-c" }]);
    const [ada, me] = tilesOf(state, { ...OWN, muted: true });
    expect(ada).toMatchObject({ muted: false, pictureId: null });
    expect(me).toMatchObject({ muted: true, own: true });
  });

  it("show a screen large, one's own pin before all, and staff's pin before screens", () => {
    let state = told(full(), ["new-producer", producer("ada-s", "ada", "screen")]);
    const large = (ownPin: string | null = null) =>
      arrange(tilesOf(state, OWN), { view: "grid", ownPin, speaker: null }).large?.key;
    expect(large()).toBe("ada-s");
    state = told(state, ["pinned", { producerId: "zoe-c", peerId: "zoe" }]);
    expect(large()).toBe("zoe");
    expect(large("sam")).toBe("sam");
    expect(large("who-has-left")).toBe("zoe");
    state = told(state, ["pinned", { producerId: null, peerId: null }]);
    expect(large()).toBe("ada-s");
  });

  it("show the speaker large where that is chosen, the presenter before, and never oneself", () => {
    const view = (state: ClassState, speaker: string | null) =>
      arrange(tilesOf(state, OWN), { view: "speaker", ownPin: null, speaker }).large?.key;
    expect(view(full(), "sam")).toBe("sam");
    expect(view(full(), "me")).toBe("ada");
    expect(view(told(full(), ["presenter-changed", { participantId: "zoe" }]), "sam")).toBe("zoe");
    expect(arrange(tilesOf(full(), OWN), { view: "grid", ownPin: null, speaker: "sam" }).large).toBeNull();
  });

  it("show who speaks large as the server hears it, and keep them while one speaks oneself", () => {
    const spoke = (peerId: string | null): [string, Json] => ["active-speaker", { peerId, producerId: null }];
    expect(full().speaker).toBeNull();
    let state = told(full(), spoke("sam"));
    expect(state.speaker).toBe("sam");
    state = told(state, spoke("me"));
    expect(state.speaker).toBe("sam");
    expect(told(state, spoke(null)).speaker).toBeNull();
  });

  it("keep who spoke last through a snapshot that names oneself, while they are there", () => {
    const before = start({ state: { speaker: { peerId: "sam", producerId: null } } });
    const mine = { state: { speaker: { peerId: "me", producerId: null } } };
    expect(enter(joinedAs(mine), before, 1).speaker).toBe("sam");
    expect(enter(joinedAs({ ...mine, participants: [person("me")] }), before, 1).speaker).toBeNull();
    expect(enter(joinedAs({ state: {} }), before, 1).speaker).toBeNull();
  });

  it("show nobody large without a picture while nobody has spoken and somebody has one", () => {
    let state = told(full(), ["hands-changed", { hands: [{ participantId: "sam", since: "" }] }]);
    state = told(state, ["producer-paused", { producerId: "ada-c" }]);
    const large = arrange(tilesOf(state, OWN), { view: "speaker", ownPin: null, speaker: null }).large;
    expect(large?.pictureId).not.toBeNull();
  });

  it("have one's own screen, and know it as pinned", () => {
    const state = told(full(), ["pinned", { producerId: "mine", peerId: "me" }]);
    const own = tilesOf(state, { ...OWN, screen: true, screenId: "mine" })[0];
    expect(own).toMatchObject({ key: OWN_SCREEN, own: true, pinned: true });
  });

  it("show what comes directly from the other of two", () => {
    const tracks = new Map([["camera" as const, {} as MediaStreamTrack]]);
    const tiles = tilesOf(full(), OWN, { peerId: "sam", tracks });
    expect(tiles.find((tile) => tile.key === "sam")).toMatchObject({ pictureId: DIRECT.camera, muted: true });
    tracks.set("microphone" as never, {} as MediaStreamTrack);
    tracks.set("screen" as never, {} as MediaStreamTrack);
    const [screen, ...others] = tilesOf(full(), OWN, { peerId: "sam", tracks });
    expect(screen).toMatchObject({ kind: "screen", personId: "sam", pictureId: DIRECT.screen });
    expect(others.find((tile) => tile.key === "sam")?.muted).toBe(false);
  });

  it("lose nobody whichever is large", () => {
    const tiles = tilesOf(full(), OWN);
    const { large, others } = arrange(tiles, { view: "speaker", ownPin: null, speaker: "sam" });
    expect([large, ...others]).toHaveLength(tiles.length);
  });
});
