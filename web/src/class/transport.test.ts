import type { Device, types } from "mediasoup-client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CallError } from "./call_error";
import { LastingCalls } from "./lasting_calls";
import { CONNECT_MS, HEAL_MS, KeptTransport } from "./transport";
import type { CallServer } from "./wire";

class FakeTransport {
  readonly id = "t1";
  connectionState = "new";
  closed = false;
  restarts = 0;
  readonly #listeners = new Map<string, (...values: never[]) => void>();
  on = (event: string, listener: (...values: never[]) => void) => this.#listeners.set(event, listener);
  iceServers: RTCIceServer[] = [];
  updateIceServers = async ({ iceServers }: { iceServers: RTCIceServer[] }) => {
    this.iceServers = iceServers;
  };
  restartIce = async () => {
    this.restarts += 1;
    this.serversAtRestart = this.iceServers;
  };
  serversAtRestart: RTCIceServer[] = [];
  close = () => {
    this.closed = true;
  };
  /** What mediasoup-client does with the first producer or consumer. */
  connect() {
    const failed = vi.fn();
    const done = vi.fn();
    this.#listeners.get("connect")?.({ dtlsParameters: {} } as never, done as never, failed as never);
    return { done, failed };
  }
  turn(state: string) {
    this.connectionState = state;
    this.#listeners.get("connectionstatechange")?.(state as never);
  }
}

async function start(refuse: () => CallError | null = () => null, refused = "restart-ice") {
  const transport = new FakeTransport();
  const device = { createRecvTransport: () => transport } as unknown as Device;
  const calls: string[] = [];
  const call = async (event: string) => {
    calls.push(event);
    const refusal = event === refused ? refuse() : null;
    if (refusal) throw refusal;
    const iceServers = [{ urls: "turn:t.example", username: `${calls.length}:a`, credential: "c=" }];
    return { iceParameters: {} as types.IceParameters, iceServers };
  };
  const events = { health: vi.fn(), gone: vi.fn() };
  const lasting = new LastingCalls();
  const kept = await KeptTransport.open(device, "recv", call as unknown as CallServer, lasting, events);
  calls.length = 0;
  return { kept, transport, calls, events, lasting };
}

describe("a transport that is kept", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("takes for connected what the server says is so already", async () => {
    const refuse = () => new CallError("It is connected.", "transport_connected");
    const { transport } = await start(refuse, "connect-transport");
    const { done, failed } = transport.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(done).toHaveBeenCalled();
    expect(failed).not.toHaveBeenCalled();
  });

  it("connects when the signalling is back, where that was lost meanwhile", async () => {
    let lost = true;
    const refuse = () => (lost ? new CallError("Lost.", "lost") : null);
    const { transport, lasting, calls } = await start(refuse, "connect-transport");
    const { done, failed } = transport.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(done).not.toHaveBeenCalled();
    lost = false;
    lasting.goOn();
    await vi.advanceTimersByTimeAsync(0);
    expect(done).toHaveBeenCalled();
    expect(failed).not.toHaveBeenCalled();
    expect(calls).toEqual(["connect-transport", "connect-transport"]);
  });

  it("is good once it is connected", async () => {
    const { transport, events, calls } = await start();
    const { done } = transport.connect();
    await vi.advanceTimersByTimeAsync(0);
    expect(done).toHaveBeenCalled();
    transport.turn("connected");
    await vi.advanceTimersByTimeAsync(CONNECT_MS * 3);
    expect(events.health.mock.calls).toEqual([["good"]]);
    expect(calls).toEqual(["connect-transport"]);
  });

  it("waits for ICE to heal by itself, and restarts it when it does not", async () => {
    const { transport, events } = await start();
    transport.turn("connected");
    transport.turn("disconnected");
    expect(events.health).toHaveBeenLastCalledWith("broken");
    await vi.advanceTimersByTimeAsync(HEAL_MS - 100);
    transport.turn("connected");
    await vi.advanceTimersByTimeAsync(HEAL_MS * 2);
    expect(transport.restarts).toBe(0);
    transport.turn("disconnected");
    await vi.advanceTimersByTimeAsync(HEAL_MS);
    expect(transport.restarts).toBe(1);
    transport.turn("connected");
    expect(events.health).toHaveBeenLastCalledWith("good");
  });

  it("restarts at once when it has failed, then with growing pauses", async () => {
    const { transport } = await start();
    transport.turn("connected");
    transport.turn("failed");
    await vi.advanceTimersByTimeAsync(0);
    expect(transport.restarts).toBe(1);
    transport.turn("failed");
    await vi.advanceTimersByTimeAsync(900);
    expect(transport.restarts).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(transport.restarts).toBe(2);
  });

  it("takes the TURN servers' new credentials before it restarts", async () => {
    const { transport } = await start();
    transport.turn("connected");
    transport.turn("failed");
    await vi.advanceTimersByTimeAsync(0);
    expect(transport.serversAtRestart).toEqual([
      { urls: "turn:t.example", username: "1:a", credential: "c=" },
    ]);
  });

  it("tries again when a restart brings no connection", async () => {
    const { transport, events } = await start();
    transport.connect();
    await vi.advanceTimersByTimeAsync(CONNECT_MS);
    expect(events.health).toHaveBeenLastCalledWith("broken");
    expect(transport.restarts).toBe(1);
    await vi.advanceTimersByTimeAsync(CONNECT_MS);
    expect(transport.restarts).toBe(2);
  });

  it("goes on trying while the server cannot be reached", async () => {
    let lost = true;
    const { transport } = await start(() => (lost ? new CallError("Lost.", "lost") : null));
    transport.turn("failed");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(transport.restarts).toBe(0);
    lost = false;
    await vi.advanceTimersByTimeAsync(8_000);
    expect(transport.restarts).toBe(1);
  });

  it("says that it is gone when the server does not know it any more, and is not tried again", async () => {
    const { transport, events, calls } = await start(() => new CallError("No such.", "no_such_transport"));
    transport.turn("failed");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events.gone).toHaveBeenCalledOnce();
    expect(calls).toEqual(["restart-ice"]);
  });

  it("is restarted at once after a change of network, but not while it is well or unused", async () => {
    const { kept, transport } = await start();
    kept.heal();
    transport.turn("connected");
    kept.heal();
    await vi.advanceTimersByTimeAsync(100);
    expect(transport.restarts).toBe(0);
    transport.turn("disconnected");
    kept.heal();
    await vi.advanceTimersByTimeAsync(0);
    expect(transport.restarts).toBe(1);
  });

  it("does nothing more once it is closed", async () => {
    const { kept, transport, calls } = await start();
    transport.turn("failed");
    kept.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toEqual([]);
  });
});
