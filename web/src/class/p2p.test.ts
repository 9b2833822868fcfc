import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallBetweenTwo, type CallPage, HANDOVER_WITHIN_MS, type Source } from "./p2p";
import type { DirectConnection, DirectEvents } from "./p2p_connection";
import type { CallMode, Joined } from "./protocol";

const P2P: CallMode = { mode: "p2p", peerId: "bo", offers: true, reason: null };
const SFU: CallMode = { mode: "sfu", peerId: null, offers: false, reason: "others" };
const HAS = { p2p: '{"has":"p2p"}', sfu: '{"has":"sfu"}' };

const track = (name: string) => ({ id: name, kind: "video" }) as MediaStreamTrack;

/** A direct connection that does what a test tells it. */
class FakeConnection {
  isOpen = false;
  closed = false;
  said: string[] = [];
  received: unknown[] = [];
  mine = new Map<Source, MediaStreamTrack | null>();

  constructor(
    readonly offers: boolean,
    readonly events: DirectEvents,
  ) {}

  say = (message: string) => this.said.push(message);
  setTrack = (source: Source, one: MediaStreamTrack | null) => this.mine.set(source, one);
  receive = (event: string, data: unknown) => this.received.push([event, data]);
  offeredAnew = 0;
  offerAnew = () => this.offeredAnew++;
  close = () => {
    this.closed = true;
  };
  open() {
    this.isOpen = true;
    this.events.opened();
  }
}

class Bench {
  shown: [Source, string | null][] = [];
  server: boolean[] = [];
  calls: [string, unknown][] = [];
  connections: FakeConnection[] = [];
  arrivals = new Map<MediaStreamTrack, () => void>();
  answer: CallMode = SFU;
  call: CallBetweenTwo;

  constructor() {
    const page = {
      call: async (event: string, payload: object) => {
        this.calls.push([event, payload]);
        return this.answer;
      },
      goThroughServer: async (use: boolean) => void this.server.push(use),
      show: (source: Source, one: MediaStreamTrack | null) => void this.shown.push([source, one?.id ?? null]),
    };
    const arrival = (one: MediaStreamTrack) => new Promise<void>((come) => this.arrivals.set(one, come));
    const connect = (offers: boolean, events: DirectEvents) => {
      this.connections.push(new FakeConnection(offers, events));
      return this.direct as unknown as DirectConnection;
    };
    this.call = new CallBetweenTwo(page as unknown as CallPage, [], arrival, connect);
  }

  get direct(): FakeConnection {
    const newest = this.connections.at(-1);
    if (newest === undefined) throw new Error("nothing was connected");
    return newest;
  }

  /** The first frame of a track has come. */
  async arrives(one: MediaStreamTrack) {
    this.arrivals.get(one)?.();
    await settle();
  }

  push(event: string, data: object) {
    this.call.receive(event, data as Record<string, unknown>);
    return settle();
  }

  /** A direct call in which the other's camera is seen. */
  async goDirect() {
    await this.push("mode-changed", P2P);
    this.direct.open();
    const camera = track("direct");
    this.direct.events.received("camera", camera);
    await this.arrives(camera);
    this.direct.events.heard(HAS.p2p);
    await settle();
  }
}

async function settle() {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

let bench: Bench;
beforeEach(() => {
  vi.useFakeTimers();
  bench = new Bench();
});
afterEach(() => {
  bench.call.close();
  vi.useRealTimers();
});

describe("a call between two", () => {
  it("says that it can, and goes through the server where it is told to", async () => {
    await bench.call.start();
    expect(bench.calls).toEqual([["ready-for-p2p", { ready: true }]]);
    expect(bench.server).toEqual([true]);
  });

  it("connects directly without the server when that is told at once, by answer and push", async () => {
    bench.answer = P2P;
    const started = bench.call.start();
    await bench.push("mode-changed", P2P);
    await started;
    expect(bench.connections).toHaveLength(1);
    expect(bench.direct.offers).toBe(true);
    expect(bench.server).toEqual([]);
  });

  it("goes by what was pushed when the answer comes later", async () => {
    bench.answer = P2P;
    const started = bench.call.start();
    bench.call.receive("mode-changed", { ...P2P });
    bench.call.receive("mode-changed", { ...SFU });
    await started;
    expect(bench.call.mode.mode).toBe("sfu");
    expect(bench.server).toEqual([true]);
  });

  it("relays to the other, and takes only what comes from them", async () => {
    await bench.goDirect();
    bench.direct.events.relay("webrtc-offer", { sdp: "v=0" });
    expect(bench.calls.at(-1)).toEqual(["webrtc-offer", { to: "bo", sdp: "v=0" }]);
    await bench.push("webrtc-answer", { from: "bo", sdp: "v=0" });
    await bench.push("webrtc-answer", { from: "eve", sdp: "v=0" });
    await bench.push("webrtc-answer", { from: null, sdp: "v=0" });
    expect(bench.direct.received).toEqual([["webrtc-answer", { from: "bo", sdp: "v=0" }]]);
  });

  it("shows what comes directly until the server's first frame, and closes when both have all", async () => {
    await bench.goDirect();
    await bench.push("mode-changed", SFU);
    expect(bench.server).toEqual([true]);
    const served = track("served");
    bench.call.serverTrack("camera", served);
    await settle();
    expect(bench.shown).toEqual([["camera", "direct"]]);
    expect(bench.direct.said).toEqual([HAS.p2p]);
    await bench.arrives(served);
    expect(bench.shown.at(-1)).toEqual(["camera", "served"]);
    expect(bench.direct.said).toEqual([HAS.p2p, HAS.sfu]);
    expect(bench.direct.closed).toBe(false);
    bench.direct.events.heard(HAS.sfu);
    await settle();
    expect(bench.direct.closed).toBe(true);
    expect(bench.shown).toHaveLength(2);
  });

  it("waits for each source that came directly", async () => {
    await bench.goDirect();
    const screen = track("screen");
    bench.direct.events.received("screen", screen);
    await bench.arrives(screen);
    await bench.push("mode-changed", SFU);
    bench.direct.events.heard(HAS.sfu);
    const camera = track("served");
    bench.call.serverTrack("camera", camera);
    await bench.arrives(camera);
    expect(bench.direct.closed).toBe(false);
    bench.direct.events.received("screen", null); // not shared any more
    await settle();
    expect(bench.shown.at(-1)).toEqual(["screen", null]);
    expect(bench.direct.closed).toBe(true);
  });

  it("knows what the other said before it heard of the switch itself", async () => {
    await bench.goDirect();
    bench.direct.events.heard(HAS.sfu);
    await settle();
    expect(bench.direct.closed).toBe(false);
    await bench.push("mode-changed", SFU);
    const served = track("served");
    bench.call.serverTrack("camera", served);
    await bench.arrives(served);
    expect(bench.direct.closed).toBe(true);
  });

  it("shows what the server sends until the direct first frame, and then stops sending through it", async () => {
    await bench.call.start();
    const served = track("served");
    bench.call.serverTrack("camera", served);
    await bench.arrives(served);
    await bench.push("mode-changed", P2P);
    bench.direct.open();
    expect(bench.direct.said).toEqual([]);
    const direct = track("direct");
    bench.direct.events.received("camera", direct);
    await bench.arrives(direct);
    expect(bench.shown.map(([, name]) => name)).toEqual(["served", "direct"]);
    expect(bench.server).toEqual([true]);
    bench.direct.events.heard(HAS.p2p);
    await settle();
    expect(bench.server).toEqual([true, false]);
  });

  it("asks for the server when no direct connection comes about", async () => {
    await bench.push("mode-changed", P2P);
    vi.advanceTimersByTime(HANDOVER_WITHIN_MS);
    await settle();
    expect(bench.direct.closed).toBe(true);
    expect(bench.calls).toEqual([["ready-for-p2p", { ready: false }]]);
    await bench.push("participant-left", { peerId: "bo" });
    expect(bench.calls.at(-1)).toEqual(["ready-for-p2p", { ready: true }]);
  });

  it("asks for the server when the connection breaks, and shows nothing of it any more", async () => {
    await bench.goDirect();
    bench.direct.events.ended();
    await settle();
    expect(bench.calls.at(-1)).toEqual(["ready-for-p2p", { ready: false }]);
    expect(bench.shown.at(-1)).toEqual(["camera", null]);
  });

  it("does not wait for a server's track that never comes", async () => {
    await bench.goDirect();
    await bench.push("mode-changed", SFU);
    vi.advanceTimersByTime(HANDOVER_WITHIN_MS);
    expect(bench.direct.closed).toBe(true);
  });

  it("closes at once when the other has left", async () => {
    await bench.goDirect();
    await bench.push("mode-changed", { ...SFU, reason: "left" });
    expect(bench.direct.closed).toBe(true);
    expect(bench.calls.map(([event]) => event)).not.toContain("ready-for-p2p");
  });

  it("keeps the connection after a snapshot and offers anew, for an offer may have been missed", async () => {
    await bench.goDirect();
    bench.call.back(null);
    expect(bench.direct.offeredAnew).toBe(0);
    bench.call.back({ state: { call: P2P } } as Joined);
    expect(bench.direct.closed).toBe(false);
    expect(bench.direct.offeredAnew).toBe(1);
    expect(bench.connections).toHaveLength(1);
  });

  it("takes the mode of a snapshot", async () => {
    await bench.goDirect();
    bench.call.back({ state: { call: { ...SFU, reason: null } } } as Joined);
    await settle();
    expect(bench.call.mode.mode).toBe("sfu");
    expect(bench.server).toEqual([true]);
  });

  it("asks for the server once it is back when the connection broke meanwhile", async () => {
    await bench.goDirect();
    bench.direct.events.ended();
    bench.call.back(null);
    expect(bench.calls.filter(([event]) => event === "ready-for-p2p")).toHaveLength(2);
  });

  it("takes nothing more of what the other was muted for, until they begin anew", async () => {
    await bench.goDirect();
    await bench.push("peer-muted", { participantId: "eve", source: "camera" });
    expect(bench.shown.at(-1)).toEqual(["camera", "direct"]);
    await bench.push("peer-muted", { participantId: "bo", source: "camera" });
    expect(bench.shown.at(-1)).toEqual(["camera", null]);
    bench.direct.events.received("camera", track("direct")); // whose client does not care, and negotiates something else
    await settle();
    expect(bench.shown.at(-1)).toEqual(["camera", null]);
    bench.direct.events.received("camera", null);
    const anew = track("anew");
    bench.direct.events.received("camera", anew);
    await bench.arrives(anew);
    expect(bench.shown.at(-1)).toEqual(["camera", "anew"]);
  });

  it("takes it again when they say that they begin, though nothing was negotiated meanwhile", async () => {
    await bench.goDirect();
    await bench.push("peer-muted", { participantId: "bo", source: "camera" });
    bench.direct.events.heard('{"begins":"microphone"}');
    expect(bench.shown.at(-1)).toEqual(["camera", null]);
    bench.direct.events.heard('{"begins":"camera"}');
    await settle();
    expect(bench.shown.at(-1)).toEqual(["camera", "direct"]);
    bench.call.setTrack("camera", track("mine"));
    bench.call.setTrack("camera", track("another"));
    expect(bench.direct.said).toEqual([HAS.p2p, '{"begins":"camera"}']);
  });

  it("takes what begins after the other was muted for it while it was off", async () => {
    await bench.goDirect();
    await bench.push("peer-muted", { participantId: "bo", source: "microphone" });
    const sound = track("sound");
    bench.direct.events.received("microphone", sound);
    await bench.arrives(sound);
    expect(bench.shown.at(-1)).toEqual(["microphone", "sound"]);
  });

  it("takes neither picture nor sound of a screen that was stopped", async () => {
    await bench.goDirect();
    bench.direct.events.received("screen", track("screen"));
    bench.direct.events.received("screen-sound", track("music"));
    await settle();
    await bench.push("peer-muted", { participantId: "bo", source: "screen" });
    expect(bench.shown.slice(-2)).toEqual([
      ["screen", null],
      ["screen-sound", null],
    ]);
  });

  it("sends a track that comes later", async () => {
    await bench.goDirect();
    const screen = track("mine");
    bench.call.setTrack("screen", screen);
    expect(bench.direct.mine.get("screen")).toBe(screen);
    bench.call.setTrack("screen", null);
    expect(bench.direct.mine.get("screen")).toBeNull();
  });
});
