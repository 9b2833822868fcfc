import type { Device } from "mediasoup-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallError } from "./call_error";
import { MAX_RESTING, REST_MS, Receiver, type Tracks } from "./receiver";
import type { KeptTransport } from "./transport";
import type { CallServer } from "./wire";

type Json = Record<string, unknown>;

class FakeConsumer {
  closed = false;
  paused = false;
  readonly track: object;
  constructor(
    readonly id: string,
    producerId: string,
  ) {
    this.track = { producerId };
  }
  on = () => this;
  close = () => {
    this.closed = true;
  };
  pause = () => {
    this.paused = true;
  };
  resume = () => {
    this.paused = false;
  };
}

function start(
  refuse: (event: string, payload: Json) => CallError | null = () => null,
  type: "simple" | "simulcast" = "simple",
) {
  const layers: unknown[] = [];
  const calls: string[] = [];
  const made: FakeConsumer[] = [];
  let tracks: Tracks = new Map();
  const paused = vi.fn();
  const call = async (event: string, payload: Json = {}): Promise<Json> => {
    const target = String(payload.producerId ?? payload.consumerId);
    calls.push(`${event} ${target}`);
    const refusal = refuse(event, payload);
    if (refusal) throw refusal;
    if (event === "set-preferred-layers") layers.push(payload.spatialLayer);
    return event === "consume"
      ? { id: `c-${target}`, producerId: target, producerPaused: target === "b", type }
      : {};
  };
  let isHeld: Promise<void> = Promise.resolve();
  const holdTransport = () => {
    let goOn = () => {};
    isHeld = new Promise((resolve) => {
      goOn = resolve;
    });
    return goOn;
  };
  const consume = async (given: Json) => {
    await isHeld;
    const consumer = new FakeConsumer(String(given.id), String(given.producerId));
    made.push(consumer);
    return consumer;
  };
  const receiver = new Receiver({
    device: { recvRtpCapabilities: {} } as Device,
    call: call as CallServer,
    transport: async () => ({ transport: { id: "t", consume } }) as unknown as KeptTransport,
    onTracks: (now) => {
      tracks = now;
    },
    onPaused: paused,
  });
  return { receiver, calls, layers, made, paused, holdTransport, tracks: () => [...tracks.keys()] };
}

const wanted = (...ids: string[]) => new Map(ids.map((id) => [id, 2]));

describe("what comes in", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const settle = () => vi.advanceTimersByTimeAsync(0);

  it("is consumed paused, and resumed when it can be shown", async () => {
    const { receiver, calls, tracks, paused } = start();
    receiver.update(["a", "b"], wanted("a", "b"));
    await settle();
    expect(calls.filter((one) => one.endsWith("a"))).toEqual(["consume a", "resume-consumer c-a"]);
    expect(tracks()).toEqual(["a", "b"]);
    expect(paused).toHaveBeenCalledWith("b", true);
  });

  it("is not asked for while nobody looks", async () => {
    const { receiver, calls } = start();
    receiver.update(["a"], wanted());
    await settle();
    expect(calls).toEqual([]);
  });

  it("pauses out of sight and goes on with the same consumer", async () => {
    const { receiver, calls, made } = start();
    receiver.update(["a"], wanted("a"));
    await settle();
    receiver.update(["a"], wanted());
    await settle();
    expect(made[0]?.paused).toBe(true);
    receiver.update(["a"], wanted("a"));
    await settle();
    expect(made).toHaveLength(1);
    expect(made[0]?.paused).toBe(false);
    expect(calls).toEqual(["consume a", "resume-consumer c-a", "pause-consumer c-a", "resume-consumer c-a"]);
  });

  it("is asked for as large as it is shown, before it is resumed", async () => {
    const { receiver, calls, layers } = start(() => null, "simulcast");
    receiver.update(["a"], new Map([["a", 0]]));
    await settle();
    expect(calls).toEqual(["consume a", "set-preferred-layers c-a", "resume-consumer c-a"]);
    receiver.update(["a"], new Map([["a", 2]]));
    await settle();
    receiver.update(["a"], new Map([["a", 2]]));
    await settle();
    expect(layers).toEqual([0, 2]);
    receiver.update(["a"], wanted());
    await settle();
    expect(layers).toEqual([0, 2]);
  });

  it("is asked for in no size where it comes in one only", async () => {
    const { receiver, calls } = start();
    receiver.update(["a"], new Map([["a", 0]]));
    await settle();
    expect(calls).toEqual(["consume a", "resume-consumer c-a"]);
  });

  it("is closed when nobody has looked for long, and made anew for who looks again", async () => {
    const { receiver, calls, made, tracks } = start();
    receiver.update(["a", "b"], wanted("a", "b"));
    await settle();
    receiver.update(["a", "b"], wanted("b"));
    await vi.advanceTimersByTimeAsync(REST_MS - 1);
    expect(made[0]?.closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(made[0]?.closed).toBe(true);
    expect(calls.at(-1)).toBe("close-consumer c-a");
    expect(tracks()).toEqual(["b"]);
    receiver.update(["a", "b"], wanted("a", "b"));
    await settle();
    expect(calls.slice(-2)).toEqual(["consume a", "resume-consumer c-a"]);
    expect(tracks().sort()).toEqual(["a", "b"]);
    await vi.advanceTimersByTimeAsync(2 * REST_MS);
    expect(made.slice(1).every((one) => !one.closed)).toBe(true);
  });

  it("rests from its making on when it went out of sight meanwhile", async () => {
    const { receiver, made, holdTransport } = start();
    const goOn = holdTransport();
    receiver.update(["a"], wanted("a"));
    await settle();
    receiver.update(["a"], wanted());
    goOn();
    await vi.advanceTimersByTimeAsync(REST_MS);
    expect(made.map((one) => one.closed)).toEqual([true]);
  });

  it("keeps no more that nobody looks at than are bounded, and closes what was left longest ago", async () => {
    const { receiver, made, calls } = start();
    const all = Array.from({ length: 300 }, (_, at) => `p${at}`);
    for (let at = 0; at < all.length; at += 10) {
      receiver.update(all, wanted(...all.slice(at, at + 10)));
      await settle();
      const open = calls.filter((one) => one.startsWith("consume ")).length;
      const closed = calls.filter((one) => one.startsWith("close-consumer ")).length;
      expect(open - closed).toBeLessThanOrEqual(MAX_RESTING + 20);
    }
    await settle();
    expect(made.filter((one) => !one.closed)).toHaveLength(MAX_RESTING + 10);
    expect(made.slice(-MAX_RESTING - 10).every((one) => !one.closed)).toBe(true);
  });

  it("drops what the server has closed unseen, and closes there what is not known here", async () => {
    const { receiver, made, calls, tracks } = start();
    receiver.update(["a", "b"], wanted("a", "b"));
    await settle();
    receiver.reconcile(new Set(["c-b", "c-lost"]));
    await settle();
    expect(made.map((one) => one.closed)).toEqual([true, false]);
    expect(calls.at(-1)).toBe("close-consumer c-lost");
    expect(tracks()).toEqual(["b"]);
    receiver.update(["a", "b"], wanted("a", "b"));
    await settle();
    expect(calls.slice(-2)).toEqual(["consume a", "resume-consumer c-a"]);
  });

  it("keeps what the server has while it is being made here", async () => {
    const { receiver, made, calls, holdTransport } = start();
    const goOn = holdTransport();
    receiver.update(["a"], wanted("a"));
    await settle();
    receiver.reconcile(new Set(["c-a"]));
    goOn();
    await settle();
    expect(made.map((one) => one.closed)).toEqual([false]);
    expect(calls).toEqual(["consume a", "resume-consumer c-a"]);
  });

  it("ends paused when it went out of sight while it was being made", async () => {
    const { receiver, made } = start();
    receiver.update(["a"], wanted("a"));
    receiver.update(["a"], wanted());
    await settle();
    expect(made.every((one) => one.paused)).toBe(true);
  });

  it("closes with its producer, also in the middle of being made", async () => {
    const { receiver, made, tracks } = start();
    receiver.update(["a", "b"], wanted("a", "b"));
    receiver.drop("b");
    await settle();
    receiver.update([], wanted());
    expect(made.every((one) => one.closed)).toBe(true);
    expect(tracks()).toEqual([]);
  });

  it("is tried again, but not for ever", async () => {
    const { receiver, calls } = start(() => new CallError("Wait.", "rate_limited"));
    receiver.update(["a"], wanted("a"));
    await vi.advanceTimersByTimeAsync(120_000);
    expect(calls).toHaveLength(5);
  });

  it("is not tried again where the answer would be the same", async () => {
    const { receiver, calls } = start(() => new CallError("It is gone.", "no_such_producer"));
    receiver.update(["a"], wanted("a"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(1);
  });

  it("is resumed when the connection was lost before it could be", async () => {
    let lost = true;
    const { receiver, calls, made } = start((event) =>
      lost && event === "resume-consumer" ? new CallError("Lost.", "lost") : null,
    );
    receiver.update(["a"], wanted("a"));
    await settle();
    lost = false;
    receiver.retry();
    await settle();
    expect(calls).toEqual(["consume a", "resume-consumer c-a", "resume-consumer c-a"]);
    expect(made[0]?.paused).toBe(false);
  });

  it("does not take back what is pushed of its producer while it is being made", async () => {
    const { receiver, paused, holdTransport } = start();
    const goOn = holdTransport();
    receiver.update(["a"], wanted("a"));
    await settle();
    expect(paused).toHaveBeenCalledWith("a", false); // the push would come now
    paused.mockClear();
    goOn();
    await settle();
    expect(paused).not.toHaveBeenCalled();
  });

  it("is taken up when the connection is back", async () => {
    let lost = true;
    const { receiver, tracks } = start(() => (lost ? new CallError("Lost.", "lost") : null));
    receiver.update(["a"], wanted("a"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tracks()).toEqual([]);
    lost = false;
    receiver.retry();
    await settle();
    expect(tracks()).toEqual(["a"]);
  });
});
