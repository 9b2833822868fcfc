/** One of mediasoup-client's transports, kept connected: ICE restarts with growing pauses when it breaks. */
import type { Device, types } from "mediasoup-client";
import type { LastingCalls } from "./lasting_calls";
import { type CallServer, codeOf } from "./wire";

/** ICE often heals by itself within this time after "disconnected". */
export const HEAL_MS = 2_000;
/** A restart must have connected within this time, else there is another. */
export const CONNECT_MS = 10_000;
const BACKOFF_MS = [0, 1_000, 2_000, 4_000, 8_000, 15_000] as const;
/** The server's words for a transport that cannot be mended. */
const GONE = new Set(["no_such_transport", "not_in_a_room"]);

export type TransportHealth = "new" | "good" | "broken";

export interface TransportEvents {
  health: (health: TransportHealth) => void;
  /** The server does not know it any more: all media must be made anew. */
  gone: () => void;
}

export class KeptTransport {
  health: TransportHealth = "new";
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #restarting = false;

  private constructor(
    readonly transport: types.Transport,
    readonly iceServers: RTCIceServer[],
    private readonly call: CallServer,
    lasting: LastingCalls,
    private readonly events: TransportEvents,
  ) {
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.#expectConnection();
      const payload = { transportId: transport.id, dtlsParameters };
      lasting
        .make<"connect-transport">(() => call("connect-transport", payload))
        .then(
          () => done(),
          // The answer to the first try was lost: it has been connected.
          (error) => (codeOf(error) === "transport_connected" ? done() : failed(error)),
        );
    });
    transport.on("connectionstatechange", (state) => this.#changed(state));
  }

  static async open(
    device: Device,
    direction: "send" | "recv",
    call: CallServer,
    lasting: LastingCalls,
    events: TransportEvents,
  ): Promise<KeptTransport> {
    const made = (await call("create-transport", { direction })) as unknown as types.TransportOptions;
    const transport =
      direction === "send" ? device.createSendTransport(made) : device.createRecvTransport(made);
    return new KeptTransport(transport, made.iceServers ?? [], call, lasting, events);
  }

  /** Restarts at once what is not connected: the network may be another one now. */
  heal(): void {
    const state = this.transport.connectionState;
    if (state === "new" || state === "connected" || state === "closed") return;
    this.#attempt = 0;
    this.#schedule(0);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.transport.close();
  }

  #changed(state: types.ConnectionState): void {
    if (state === "connected") {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#be("good");
    } else if (state === "disconnected") {
      this.#be("broken");
      this.#schedule(HEAL_MS);
    } else if (state === "failed") {
      this.#be("broken");
      this.#schedule(BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] ?? 0);
    }
  }

  #be(health: TransportHealth): void {
    if (this.health === health) return;
    this.health = health;
    this.events.health(health);
  }

  #expectConnection(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#be("broken");
      void this.#restart();
    }, CONNECT_MS);
  }

  #schedule(wait_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#restart(), wait_ms);
  }

  async #restart(): Promise<void> {
    if (this.#restarting || this.transport.closed) return;
    this.#restarting = true;
    this.#attempt += 1;
    try {
      const { iceParameters, iceServers } = await this.call("restart-ice", {
        transportId: this.transport.id,
      });
      if (this.transport.closed) return;
      // The credentials that it was made with may have expired.
      await this.transport.updateIceServers({ iceServers });
      await this.transport.restartIce({ iceParameters: iceParameters as types.IceParameters });
      if (this.transport.connectionState !== "connected") this.#expectConnection();
    } catch (error) {
      if (GONE.has(codeOf(error))) this.events.gone();
      else this.#schedule(BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] ?? 0);
    } finally {
      this.#restarting = false;
    }
  }
}
