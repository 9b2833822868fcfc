import { describe, expect, it, vi } from "vitest";
import { CallError } from "./call_error";
import type { ClassMedia, MediaEvents } from "./media";
import type { OwnMedia, OwnMediaState } from "./own_media";
import type { Notice } from "./phase";
import type { Outlet, Wish } from "./sender";
import { ClassSession, RESTART_MS } from "./session";
import type { Signalling, SignallingOptions } from "./signalling";
import { Store } from "./store";

type Json = Record<string, unknown>;

const RIGHTS = { speak: true, camera: true, share: true, chat: true, moderate: false };
const JOINED: Json = {
  room_id: "algebra",
  participant_id: "me",
  resume_token: "t",
  seq: 0,
  open_for_ms: 0,
  participants: [
    { participant_id: "ada", full_name: "Ada", role: "teacher", user_id: null, joined_at: "" },
    { participant_id: "me", full_name: "Me", role: "student", user_id: null, joined_at: "" },
  ],
  settings: {},
  may: RIGHTS,
  state: {},
  mediasoup: {
    rtpCapabilities: {},
    peers: [
      {
        producers: [
          { producerId: "v", peerId: "ada", kind: "video", source: "camera", paused: false },
          { producerId: "a", peerId: "ada", kind: "audio", source: "microphone", paused: false },
        ],
      },
    ],
  },
};

const OWN = { transports: [], producers: [], consumers: [], dataProducers: [], dataConsumers: [] };

const ANSWERS: Record<string, Json> = {
  "join-room": JOINED,
  "get-room-info": { recording: true, streamed: false },
  "get-chat": { messages: [], more: false },
};

class FakeMedia {
  closed = false;
  healed = 0;
  wanted: string[] = [];
  readonly wishes = new Map<Outlet, Wish | null>();
  readonly forgotten: Outlet[] = [];
  /** What was wanted again after the server had closed it. */
  readonly revived: Outlet[] = [];
  readonly dropped: string[] = [];
  constructor(readonly events: MediaEvents) {}
  sender = {
    want: (outlet: Outlet, wish: Wish | null) => {
      this.wishes.set(outlet, wish);
      if (wish && this.forgotten.includes(outlet)) this.revived.push(outlet);
    },
    outletOf: (id: string) => (id === "my-sound" ? "microphone" : id === "my-camera" ? "camera" : null),
    producerOf: (outlet: Outlet) => (this.forgotten.includes(outlet) ? null : { id: `my-${outlet}` }),
    forget: (outlet: Outlet) => this.forgotten.push(outlet),
    note: () => undefined,
  };
  receiver = {
    update: (_: Iterable<string>, wanted: ReadonlyMap<string, number>) => {
      this.wanted = [...wanted.keys()].sort();
    },
    drop: (id: string) => this.dropped.push(id),
  };
  stopped: Outlet[] = [];
  readonly reconciled: unknown[] = [];
  reconcile = (own: unknown) => {
    this.reconciled.push(own);
    return this.stopped;
  };
  heal = () => {
    this.healed += 1;
  };
  close = () => {
    this.closed = true;
  };
}

class FakeOwn {
  readonly store = new Store<Partial<OwnMediaState>>({
    microphone: { kind: "audio" } as MediaStreamTrack,
    camera: { kind: "video", getSettings: () => ({ width: 320, height: 180 }) } as MediaStreamTrack,
    microphoneOn: true,
    screen: null,
    screenSound: null,
  });
  closed = false;
  getState = () => this.store.get();
  subscribe = this.store.subscribe;
  setMicrophoneOn = async (on: boolean) => this.store.update((now) => ({ ...now, microphoneOn: on }));
  setCameraOn = async () => this.store.update((now) => ({ ...now, camera: null }));
  stopScreen = () => this.store.update((now) => ({ ...now, screen: null }));
  close = () => {
    this.closed = true;
  };
}

function start(answers: Record<string, () => Json> = {}) {
  const medias: FakeMedia[] = [];
  const calls: string[] = [];
  const notices: Notice[] = [];
  const own = new FakeOwn();
  let options: SignallingOptions | undefined;
  let push: (event: string, data: Json) => void = () => undefined;
  const line = {
    connect: () => undefined,
    close: vi.fn(),
    hurry: vi.fn(),
    onAny: (handler: typeof push) => {
      push = handler;
    },
    call: async (event: string) => {
      calls.push(event);
      if (answers[event]) return answers[event]();
      return ANSWERS[event] ?? {};
    },
  };
  const session = new ClassSession({
    slug: "algebra",
    roomName: "Algebra II",
    token: async () => "T",
    own: own as unknown as OwnMedia,
    cameraBitrate_bps: 800_000,
    openLine: (given) => {
      options = given;
      return line as unknown as Signalling;
    },
    openMedia: async (_capabilities, _call, events) => {
      const media = new FakeMedia(events);
      medias.push(media);
      return media as unknown as ClassMedia;
    },
  });
  session.onNotice = (notice) => notices.push(notice);
  session.join("Grandma");
  const moments = () => {
    if (!options) throw new Error("nothing was connected");
    return options.moments;
  };
  return { session, medias, calls, notices, own, line, moments, push: (e: string, d: Json) => push(e, d) };
}

async function startInside(answers: Record<string, () => Json> = {}) {
  const started = start(answers);
  started.moments().ready();
  await vi.waitFor(() => expect(started.session.phase.get().name).toBe("in"));
  await vi.waitFor(() => expect(started.session.state.get()?.recording).toBe(true));
  const [media] = started.medias;
  if (!media) throw new Error("no media was opened");
  return { ...started, media };
}

describe("a visit to a class", () => {
  it("joins, sends what is open, hears all and sees what is looked at", async () => {
    const { session, media } = await startInside();
    expect(media.wanted).toEqual(["a"]);
    session.look(new Map([["v", 300]]));
    expect(media.wanted).toEqual(["a", "v"]);
    expect(media.wishes.get("camera")).toMatchObject({ encodings: [{ maxBitrate: 800_000 }] });
    expect(media.wishes.get("microphone")).toMatchObject({ paused: false });
    expect(media.wishes.get("screen")).toBeNull();
    expect(session.state.get()?.name).toBe("Algebra II");
  });

  it("takes no media while it follows the live stream, and all once there is media instead", async () => {
    const stream = { stream_id: "s", url: "/live/algebra/master.m3u8", grant: "g" };
    const { session, media, push } = await startInside({
      "join-room": () => ({ ...JOINED, state: { stream, call: {} }, settings: { p2p: true } }),
    });
    session.look(new Map([["v", 300]]));
    expect(session.state.get()?.stream).toEqual(stream);
    expect(media.wanted).toEqual([]);
    expect(session.direct.get()).toBeNull();
    push("stream-offer", { stream: null, seq: 1 });
    expect(media.wanted).toEqual(["a", "v"]);
  });

  it("waits in the lobby until it is let in", async () => {
    const { session, moments } = start({
      "join-room": () => ({ waiting: true, participant_id: "me" }),
    });
    moments().ready();
    await vi.waitFor(() => expect(session.phase.get().name).toBe("waiting"));
    moments().admitted(JOINED as never);
    await vi.waitFor(() => expect(session.phase.get().name).toBe("in"));
  });

  it("is told when it is not let in", async () => {
    const { session, moments, own } = start({ "join-room": () => ({ waiting: true }) });
    moments().ready();
    await vi.waitFor(() => expect(session.phase.get().name).toBe("waiting"));
    moments().denied("Not now.");
    expect(session.phase.get()).toEqual({ name: "denied", reason: "Not now." });
    expect(own.closed).toBe(true);
  });

  it("loses no push that is here before the answer which it follows, and takes none twice", async () => {
    const { session, moments, push } = start();
    moments().ready();
    const came = (id: string) => ({ participant: { participant_id: id, full_name: id, role: "student" } });
    push("participant-joined", { ...came("zoe"), seq: 1 });
    push("participant-left", { participant_id: "ada", seq: 0 });
    await vi.waitFor(() => expect(session.phase.get().name).toBe("in"));
    expect(session.state.get()?.people.map((one) => one.id)).toEqual(["ada", "me", "zoe"]);
  });

  it("asks again for the lobby when the connection was lost there", async () => {
    const { session, moments, calls } = start({ "join-room": () => ({ waiting: true }) });
    moments().ready();
    await vi.waitFor(() => expect(session.phase.get().name).toBe("waiting"));
    moments().lost();
    expect(session.phase.get().name).toBe("connecting");
    moments().ready();
    await vi.waitFor(() => expect(session.phase.get().name).toBe("waiting"));
    expect(calls.filter((event) => event === "join-room")).toHaveLength(2);
  });

  it.each([
    ["kicked", { reason: "Noise.", banned: true }, { name: "removed", reason: "Noise.", banned: true }],
    ["room-closed", { reason: "It ended." }, { name: "ended", reason: "It ended." }],
  ])("ends with %s, and lets go of devices and connection", async (event, data, phase) => {
    const { session, media, own, line, push } = await startInside();
    push(event, data);
    expect(session.phase.get()).toEqual(phase);
    expect(media.closed).toBe(true);
    expect(own.closed).toBe(true);
    expect(line.close).toHaveBeenCalled();
    expect(session.state.get()).toBeNull();
  });

  it("says why it may not come in", async () => {
    const refusal = () => {
      throw new CallError("The room is locked.", "forbidden");
    };
    const { session, moments } = start({ "join-room": refusal });
    moments().ready();
    await vi.waitFor(() =>
      expect(session.phase.get()).toEqual({
        name: "failed",
        message: "The room is locked.",
        code: "forbidden",
      }),
    );
  });

  it("stays where it is while the connection is lost, and mends media when it is back", async () => {
    const { session, media, moments } = await startInside();
    moments().lost();
    expect(session.phase.get()).toEqual({ name: "in", lost: true });
    moments().back(null);
    expect(session.phase.get()).toEqual({ name: "in", lost: false });
    expect(media.healed).toBe(1);
    expect(media.closed).toBe(false);
  });

  it("takes the room as it is now from a snapshot", async () => {
    const { session, media, moments } = await startInside();
    const alone = { ...JOINED, mediasoup: { rtpCapabilities: {}, peers: [], own: OWN }, participants: [] };
    moments().back(alone as never);
    expect(session.state.get()?.people).toEqual([]);
    expect(media.wanted).toEqual([]);
    expect(session.state.get()?.name).toBe("Algebra II");
  });

  it("switches off what was stopped unseen, and says so", async () => {
    const { media, moments, own, notices } = await startInside();
    media.stopped = ["microphone"];
    moments().back({ ...JOINED, mediasoup: { rtpCapabilities: {}, peers: [], own: OWN } } as never);
    expect(media.reconciled).toEqual([OWN]);
    expect(own.getState().microphoneOn).toBe(false);
    expect(notices).toEqual([{ text: "You were muted while the connection was away.", tone: "wrong" }]);
    moments().back(null);
    expect(media.reconciled).toHaveLength(1);
  });

  it("makes all media anew when the place is lost", async () => {
    const { media, medias, moments, session } = await startInside();
    moments().lost();
    moments().ready();
    await vi.waitFor(() => expect(medias).toHaveLength(2));
    expect(media.closed).toBe(true);
    expect(session.phase.get().name).toBe("in");
    await vi.waitFor(() => expect(medias[1]?.wishes.get("camera")).toBeTruthy());
  });

  it("makes all media anew when the server does not know a transport any more", async () => {
    const { media, medias } = await startInside();
    media.events.gone();
    await vi.waitFor(() => expect(medias).toHaveLength(2));
    expect(media.closed).toBe(true);
  });

  it("is muted by staff and may unmute, and says who it was", async () => {
    const { media, own, push, notices } = await startInside();
    push("muted", { source: "microphone", producerId: "my-sound", by: "ada" });
    expect(notices).toEqual([{ text: "Ada has muted you.", tone: "wrong" }]);
    expect(media.wishes.get("microphone")).toMatchObject({ paused: true });
    expect(media.forgotten).toEqual([]);
    await own.setMicrophoneOn(true);
    expect(media.wishes.get("microphone")).toMatchObject({ paused: false });
  });

  it("lets go of a camera that staff have stopped", async () => {
    const { media, push, notices, own } = await startInside();
    push("muted", { source: "camera", producerId: "my-camera", by: "ada" });
    expect(media.forgotten).toEqual(["camera"]);
    expect(own.getState().camera).toBeNull();
    expect(notices[0]?.text).toBe("Ada has stopped your camera.");
  });

  it("says once that something may not be sent any more, and does not ask the server to close it", async () => {
    const { media, push, notices } = await startInside();
    push("settings-changed", { settings: {}, may: { ...RIGHTS, speak: false } });
    push("producer-closed", { producerId: "my-sound", peerId: "me", reason: "not_allowed" });
    expect(notices).toHaveLength(1);
    expect(media.forgotten).toContain("microphone");
    expect(media.revived).toEqual([]);
    expect(media.wishes.get("microphone")).toBeNull();
  });

  it("waits for a server that ends, and joins anew when it is there again", async () => {
    const { media, medias, moments, push, session, own } = await startInside();
    push("room-closed", { reason: "The server is shutting down.", server_ends: true, seq: 7 });
    expect(session.phase.get()).toEqual({ name: "in", lost: true });
    expect(media.closed).toBe(true);
    moments().lost();
    moments().ready();
    await vi.waitFor(() => expect(session.phase.get()).toEqual({ name: "in", lost: false }));
    expect(medias).toHaveLength(2);
    expect(own.closed).toBe(false);
  });

  it("does not wait for ever for a server that ends", async () => {
    const { push, session, own } = await startInside();
    vi.useFakeTimers();
    push("room-closed", { reason: "The server is shutting down.", server_ends: true, seq: 7 });
    await vi.advanceTimersByTimeAsync(RESTART_MS - 1);
    expect(session.phase.get().name).toBe("in");
    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    expect(session.phase.get()).toMatchObject({
      name: "ended",
      reason: expect.stringContaining("two minutes"),
    });
    expect(own.closed).toBe(true);
  });

  it("closes a screen that was chosen after the right to share it was lost", async () => {
    const { own, push } = await startInside();
    push("settings-changed", { settings: {}, may: { ...RIGHTS, share: false } });
    own.store.update((now) => ({ ...now, screen: { kind: "video" } as MediaStreamTrack }));
    expect(own.getState().screen).toBeNull();
  });

  it("keeps what is written while it asks for the chat", async () => {
    let answer: (page: Json) => void = () => undefined;
    const page = new Promise<Json>((resolve) => {
      answer = resolve;
    });
    const { push, session } = await startInside({ "get-chat": () => page as unknown as Json });
    const of = (id: string) => ({ id, text: id, from: { participantId: "ada" } });
    push("chat-message", { message: of("2"), seq: 1 });
    answer({ messages: [of("1")], more: false });
    await vi.waitFor(() =>
      expect(session.state.get()?.chat?.messages.map((one) => one.id)).toEqual(["1", "2"]),
    );
  });

  it("leaves at once, with a word to the server", async () => {
    const { session, calls } = await startInside();
    session.leave();
    expect(calls).toContain("leave-room");
    expect(session.phase.get().name).toBe("left");
  });

  it("drops the answer of a visit that is over", async () => {
    let answer: (joined: Json) => void = () => undefined;
    const slow = new Promise<Json>((resolve) => {
      answer = resolve;
    });
    const { session, moments, medias } = start({ "join-room": () => slow as unknown as Json });
    moments().ready();
    session.leave();
    answer(JOINED);
    await slow;
    expect(session.phase.get().name).toBe("left");
    expect(medias).toEqual([]);
  });
});
