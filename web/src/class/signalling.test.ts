import type { io } from "socket.io-client";
import { describe, expect, it, vi } from "vitest";
import { CallError } from "./call_error";
import type { Handshake, Joined } from "./protocol";
import { type Moments, Signalling } from "./signalling";

type Listener = (...values: never[]) => void;

/** A socket whose other end is the test. */
class FakeSocket {
  connected = false;
  active = true;
  readonly sent: [string, object][] = [];
  readonly answers: ((answer: object) => void)[] = [];
  readonly failures: ((error: Error) => void)[] = [];
  readonly handshakes: Handshake[] = [];
  disconnects = 0;
  readonly #listeners = new Map<string, Listener>();
  #any: ((event: string, data: unknown) => void) | undefined;

  constructor(readonly auth: (give: (data: Handshake) => void) => void) {}

  on(event: string, listener: Listener) {
    this.#listeners.set(event, listener);
    return this;
  }

  onAny(listener: (event: string, data: unknown) => void) {
    this.#any = listener;
    return this;
  }

  offAny() {
    this.#any = undefined;
    return this;
  }

  timeout() {
    return this;
  }

  connect() {
    this.auth((data) => this.handshakes.push(data));
    return this;
  }

  disconnect() {
    this.disconnects += 1;
    this.connected = false;
    return this;
  }

  emitWithAck(event: string, payload: object): Promise<object> {
    this.sent.push([event, payload]);
    return new Promise((resolve, reject) => {
      this.answers.push(resolve);
      this.failures.push(reject);
    });
  }

  /** What socket.io-client does once it has a connection: it says who it is, then says that it is there. */
  async open() {
    this.connect();
    await vi.waitFor(() => expect(this.handshakes.length).toBeGreaterThan(0));
    this.connected = true;
    this.say("connect");
  }

  drop(reason = "transport close") {
    this.connected = false;
    this.say("disconnect", reason);
  }

  say(event: string, value?: unknown) {
    this.#listeners.get(event)?.(value as never);
  }

  push(event: string, data: unknown) {
    this.#any?.(event, data);
  }
}

function start(token: string | null = "T") {
  let socket = null as FakeSocket | null;
  const open = (_url: string, options: { auth: FakeSocket["auth"] }) => {
    socket = new FakeSocket(options.auth);
    return socket;
  };
  const moments = {
    ready: vi.fn(),
    lost: vi.fn(),
    back: vi.fn(),
    admitted: vi.fn(),
    denied: vi.fn(),
    ended: vi.fn(),
    news: vi.fn(),
  } satisfies Moments;
  const signalling = new Signalling({
    token: async () => token,
    moments,
    url: "http://school.example",
    open: open as unknown as typeof io,
  });
  if (socket === null) throw new Error("no socket was made");
  const heard: [string, number][] = [];
  signalling.onAny((event, { seq }) => heard.push([event, seq]));
  return { signalling, moments, socket: socket as FakeSocket, heard };
}

const JOINED = { ok: true, success: true, participant_id: "me", resume_token: "first", seq: 0 };

async function startInRoom() {
  const started = start();
  await started.socket.open();
  const joining = started.signalling.call("join-room", { roomId: "algebra" });
  started.socket.answers.at(-1)?.(JOINED);
  await joining;
  return started;
}

const left = (seq: number) => ({
  roomId: "algebra",
  room_id: "algebra",
  participant_id: "x",
  peerId: "x",
  seq,
});

async function lastHandshake({ handshakes }: FakeSocket, count: number): Promise<Handshake> {
  await vi.waitFor(() => expect(handshakes).toHaveLength(count));
  return handshakes[count - 1] as Handshake;
}

describe("calls", () => {
  it("says who it is and that it comes back", async () => {
    const { socket, moments } = start();
    await socket.open();
    expect(socket.handshakes).toEqual([{ answers: "ack", resume: true, token: "T" }]);
    expect(moments.ready).toHaveBeenCalledOnce();
  });

  it("names no token where none is needed", async () => {
    const { socket } = start(null);
    await socket.open();
    expect(socket.handshakes).toEqual([{ answers: "ack", resume: true }]);
  });

  it("gives what it is answered", async () => {
    const { signalling, socket } = await startInRoom();
    const asking = signalling.call("get-participants");
    expect(socket.sent.at(-1)).toEqual(["get-participants", {}]);
    socket.answers.at(-1)?.({ ok: true, room_id: "algebra", participants: [], count: 0 });
    expect((await asking).count).toBe(0);
  });

  it("throws the server's sentence, its word and the problem", async () => {
    const { signalling, socket } = await startInRoom();
    const asking = signalling.call("close-consumer", { consumerId: "c" });
    const problem = { status: 404, errors: [] };
    socket.answers.at(-1)?.({ ok: false, error: "There is none.", code: "no_such_consumer", problem });
    await expect(asking).rejects.toMatchObject({
      message: "There is none.",
      code: "no_such_consumer",
      problem,
    });
    await expect(asking).rejects.toBeInstanceOf(CallError);
  });

  it("fails at once before it is connected and while it is lost", async () => {
    const { signalling, socket } = start();
    await expect(signalling.call("join-room", { roomId: "a" })).rejects.toMatchObject({ code: "lost" });
    await socket.open();
    socket.drop();
    await expect(signalling.call("join-room", { roomId: "a" })).rejects.toMatchObject({ code: "lost" });
    expect(socket.sent).toEqual([]);
  });

  it("tells a late answer from a lost connection", async () => {
    const { signalling, socket } = await startInRoom();
    const late = signalling.call("get-room-info");
    socket.failures.at(-1)?.(new Error("operation has timed out"));
    await expect(late).rejects.toMatchObject({ code: "timeout", problem: null });
    const lost = signalling.call("get-room-info");
    socket.drop();
    socket.failures.at(-1)?.(new Error("socket has been disconnected"));
    await expect(lost).rejects.toMatchObject({ code: "lost" });
  });
});

describe("pushes", () => {
  it("reach who listens to them, until that ends", async () => {
    const { signalling, socket } = await startInRoom();
    const handler = vi.fn();
    const stop = signalling.on("participant-left", handler);
    socket.push("participant-left", left(1));
    socket.push("room-closed", { roomId: "algebra", room_id: "algebra", reason: "It ended.", seq: 2 });
    stop();
    socket.push("participant-left", left(3));
    expect(handler.mock.calls).toEqual([[left(1)]]);
  });

  it("are heard once each, whatever comes twice", async () => {
    const { signalling, socket, heard } = await startInRoom();
    for (const seq of [1, 2, 2, 1, 3]) socket.push("participant-left", left(seq));
    expect(heard.map(([, seq]) => seq)).toEqual([1, 2, 3]);
    expect(signalling.seq).toBe(3);
  });

  it("that overtake the answer to join-room count", async () => {
    const { signalling, socket, heard } = start();
    await socket.open();
    const joining = signalling.call("join-room", { roomId: "algebra" });
    socket.push("participant-left", left(1));
    socket.answers.at(-1)?.(JOINED);
    await joining;
    socket.push("participant-left", left(1));
    expect(heard).toEqual([["participant-left", 1]]);
    expect(signalling.seq).toBe(1);
  });

  it("count anew in the next room", async () => {
    const { signalling, socket, heard } = await startInRoom();
    socket.push("participant-left", left(1));
    const leaving = signalling.call("leave-room");
    socket.answers.at(-1)?.({ ok: true, success: true, room_id: "algebra" });
    await leaving;
    const joining = signalling.call("join-room", { roomId: "geometry" });
    socket.push("participant-left", left(1));
    socket.answers.at(-1)?.(JOINED);
    await joining;
    expect(heard).toHaveLength(2);
  });
});

describe("coming back", () => {
  it("names its place and the newest number, and waits for the word", async () => {
    const { signalling, socket, moments, heard } = await startInRoom();
    socket.push("participant-left", left(1));
    socket.drop();
    expect(signalling.phase).toBe("lost");
    expect(moments.lost).toHaveBeenCalledOnce();
    await socket.open();
    const handshake = await lastHandshake(socket, 2);
    expect(handshake).toEqual({ answers: "ack", resume: true, token: "T", resume_token: "first", seq: 1 });
    expect(signalling.phase).toBe("back");
    expect(moments.ready).toHaveBeenCalledOnce();
    socket.push("resumed", { roomId: "algebra", resume_token: "second", seq: 3, missed: 2 });
    expect(signalling.phase).toBe("in");
    expect(moments.back).toHaveBeenCalledWith(null);
    for (const seq of [2, 3]) socket.push("participant-left", left(seq));
    expect(heard.map(([, seq]) => seq)).toEqual([1, 2, 3]);
    socket.drop();
    await socket.open();
    expect(await lastHandshake(socket, 3)).toMatchObject({ resume_token: "second", seq: 3 });
  });

  it("takes the room as it is now when too much was missed", async () => {
    const { socket, moments, heard, signalling } = await startInRoom();
    socket.drop();
    await socket.open();
    const snapshot = { seq: 900 } as Joined;
    socket.push("resumed", { roomId: "algebra", resume_token: "second", seq: 900, missed: 0, snapshot });
    expect(moments.back).toHaveBeenCalledWith(snapshot);
    socket.push("participant-left", left(900));
    socket.push("participant-left", left(901));
    expect(heard).toEqual([["participant-left", 901]]);
    expect(signalling.seq).toBe(901);
  });

  it("is ready to join anew when it is too late", async () => {
    const { signalling, socket, moments } = await startInRoom();
    socket.drop();
    await socket.open();
    socket.push("resume-failed", { code: "nothing_to_resume", error: "Too late." });
    expect(signalling.phase).toBe("in");
    expect(moments.ready).toHaveBeenCalledTimes(2);
    socket.drop();
    await socket.open();
    expect(await lastHandshake(socket, 3)).toEqual({ answers: "ack", resume: true, token: "T" });
  });

  it.each(["kicked", "room-closed"])("does not claim a place after %s", async (event) => {
    const { socket } = await startInRoom();
    socket.push(event, { roomId: "algebra", reason: "", seq: 1 });
    socket.drop();
    await socket.open();
    expect(await lastHandshake(socket, 2)).not.toHaveProperty("resume_token");
  });

  it("keeps the place of who was let in later", async () => {
    const { signalling, socket } = start();
    await socket.open();
    const joining = signalling.call("join-room", { roomId: "algebra" });
    socket.answers.at(-1)?.({ ok: true, waiting: true, participant_id: "me" });
    await joining;
    socket.push("admitted", { roomId: "algebra", resume_token: "first", seq: 1 });
    socket.drop();
    await socket.open();
    expect(await lastHandshake(socket, 2)).toMatchObject({ resume_token: "first", seq: 1 });
  });

  it("is told that one is let in, and counts from there", async () => {
    const { signalling, socket, moments, heard } = await startInRoom();
    socket.push("participant-left", left(5));
    const admitted = { roomId: "algebra", resume_token: "second", seq: 0 };
    socket.push("admitted", admitted);
    expect(moments.admitted).toHaveBeenCalledWith(admitted);
    socket.push("participant-left", left(1));
    expect(heard.map(([, seq]) => seq)).toEqual([5, 1]);
    expect(signalling.seq).toBe(1);
  });

  it("is told without a number that one is not let in, or that there is no room any more", async () => {
    const { signalling, socket, moments } = start();
    await socket.open();
    const events: string[] = [];
    signalling.onAny((event) => events.push(event));
    socket.push("denied", { roomId: "algebra", reason: "Not now." });
    expect(moments.denied).toHaveBeenCalledWith("Not now.");
    socket.push("room-closed", { roomId: "algebra", room_id: "algebra", reason: "It ended." });
    socket.push("participant-left", { roomId: "algebra" });
    expect(events).toEqual(["room-closed"]);
  });

  it("hurries only while it is lost", async () => {
    const { signalling, socket } = await startInRoom();
    signalling.hurry();
    expect(socket.handshakes).toHaveLength(1);
    socket.drop();
    signalling.hurry();
    await lastHandshake(socket, 2);
  });
});

describe("news", () => {
  const NEWS = { title: "Exam", link: "/courses/a" };

  it("is told to the person, whether they are in a room or not, and counts as no push of it", async () => {
    const { socket, moments, heard, signalling } = start();
    await socket.open();
    socket.push("news", NEWS);
    expect(moments.news).toHaveBeenCalledWith(NEWS);
    const joining = signalling.call("join-room", { roomId: "algebra" });
    socket.answers.at(-1)?.(JOINED);
    await joining;
    socket.push("participant-left", left(1));
    socket.push("news", NEWS);
    expect(moments.news).toHaveBeenCalledTimes(2);
    expect(heard).toEqual([["participant-left", 1]]);
    expect(signalling.seq).toBe(1);
  });
});

describe("the end", () => {
  it("is told when the server ends it", async () => {
    const { signalling, socket, moments } = await startInRoom();
    socket.drop("io server disconnect");
    expect(signalling.phase).toBe("ended");
    expect(moments.ended).toHaveBeenCalledWith(expect.any(String), "session_ended");
  });

  it("is told when it is not taken, but not while socket.io still tries", () => {
    const { socket, moments } = start();
    socket.say("connect_error", new Error("no network"));
    expect(moments.ended).not.toHaveBeenCalled();
    socket.active = false;
    const refusal = Object.assign(new Error("Sign in."), { data: { code: "not_signed_in" } });
    socket.say("connect_error", refusal);
    expect(moments.ended).toHaveBeenCalledWith("Sign in.", "not_signed_in");
  });

  it("does not come with a refusal that passes", async () => {
    vi.useFakeTimers();
    const { socket, moments } = start();
    socket.active = false;
    socket.say("connect_error", Object.assign(new Error("Soon."), { data: { code: "unavailable" } }));
    await vi.advanceTimersByTimeAsync(3_000);
    vi.useRealTimers();
    await lastHandshake(socket, 1);
    expect(moments.ended).not.toHaveBeenCalled();
  });

  it("does not ask for ever with a link that has ended", async () => {
    vi.useFakeTimers();
    const { socket, moments } = start();
    socket.active = false;
    const refusal = Object.assign(new Error("The link has ended."), { data: { code: "token_expired" } });
    for (let tries = 0; tries < 40; tries += 1) {
      expect(moments.ended).not.toHaveBeenCalled();
      socket.say("connect_error", refusal);
      await vi.advanceTimersByTimeAsync(3_000);
    }
    vi.useRealTimers();
    expect(moments.ended).toHaveBeenCalledWith("The link has ended.", "token_expired");
  });

  it("from this side tells nobody and hears nothing more", async () => {
    const { signalling, socket, moments, heard } = await startInRoom();
    signalling.close();
    socket.push("participant-left", left(1));
    socket.drop("io client disconnect");
    expect(socket.disconnects).toBe(1);
    expect(heard).toEqual([]);
    expect(moments.lost).not.toHaveBeenCalled();
    expect(moments.ended).not.toHaveBeenCalled();
  });
});
