/** All media of one stay in a room: mediasoup-client's device, a transport each way, what goes out and comes in. */
import { Device, type types } from "mediasoup-client";
import { LastingCalls } from "./lasting_calls";
import type { OwnMedia as OwnMediaOpen, Produce, RouterRtpCapabilities } from "./protocol";
import { Receiver, type Tracks } from "./receiver";
import { type Outlet, Sender } from "./sender";
import { KeptTransport, type TransportHealth } from "./transport";
import type { CallServer } from "./wire";

export interface MediaEvents {
  tracks: (tracks: Tracks) => void;
  paused: (producerId: string, paused: boolean) => void;
  refused: (outlet: Outlet, error: unknown) => void;
  /** Whether all transports in use carry media. */
  health: (health: TransportHealth) => void;
  /** The server knows our transports no more: make everything anew. */
  gone: () => void;
}

const UNSUPPORTED =
  "This browser cannot take part in a class. Use a current version of Chrome, Edge, Firefox or Safari.";

type Direction = "send" | "recv";

export class ClassMedia {
  readonly sender: Sender;
  readonly receiver: Receiver;
  readonly #transports = new Map<Direction, Promise<KeptTransport>>();
  readonly #kept = new Map<Direction, KeptTransport>();
  /** What a lost connection must not fail: it would leave a PeerConnection half negotiated. */
  readonly #lasting = new LastingCalls();
  #closed = false;

  private constructor(
    private readonly device: Device,
    private readonly call: CallServer,
    private readonly events: MediaEvents,
  ) {
    this.sender = new Sender({
      device,
      call,
      transport: () => this.#transport("send"),
      onRefused: events.refused,
    });
    this.receiver = new Receiver({
      device,
      call,
      transport: () => this.#transport("recv"),
      onTracks: events.tracks,
      onPaused: events.paused,
    });
  }

  /** Throws when this browser cannot take part. */
  static async open(
    rtpCapabilities: RouterRtpCapabilities,
    call: CallServer,
    events: MediaEvents,
  ): Promise<ClassMedia> {
    const device = await Device.factory().catch(() => {
      throw new Error(UNSUPPORTED);
    });
    await device.load({ routerRtpCapabilities: rtpCapabilities as unknown as types.RtpCapabilities });
    return new ClassMedia(device, call, events);
  }

  /** The servers that help to find a way through networks. */
  async iceServers(): Promise<RTCIceServer[]> {
    return (await this.#transport("recv")).iceServers;
  }

  /** After much was missed: takes what the server has open of ours. Gives what it has stopped meanwhile. */
  reconcile({ producers, consumers }: OwnMediaOpen): Outlet[] {
    this.receiver.reconcile(new Set(consumers.map((one) => one.consumerId)));
    const stopped = this.sender.reconcile(new Map(producers.map((one) => [one.producerId, one.paused])));
    for (const one of producers) this.sender.watch(one.producerId, one.spatialLayers);
    return stopped;
  }

  /** After the connection came back: mends transports and does what was left undone. */
  heal(): void {
    this.#lasting.goOn();
    for (const kept of this.#kept.values()) kept.heal();
    this.sender.retry();
    this.receiver.retry();
  }

  /** Closes all of it here; the server closes its part with our leaving. */
  close(): void {
    this.#closed = true;
    this.#lasting.close();
    this.sender.close();
    this.receiver.close();
    for (const kept of this.#kept.values()) kept.close();
  }

  #transport(direction: Direction): Promise<KeptTransport> {
    const there = this.#transports.get(direction);
    if (there) return there;
    const opening = this.#open(direction);
    this.#transports.set(direction, opening);
    opening.catch(() => this.#transports.delete(direction));
    return opening;
  }

  async #open(direction: Direction): Promise<KeptTransport> {
    const kept = await KeptTransport.open(this.device, direction, this.call, this.#lasting, {
      health: () => this.events.health(this.#health()),
      gone: () => !this.#closed && this.events.gone(),
    });
    if (direction === "send") this.#announceProducers(kept.transport);
    this.#kept.set(direction, kept);
    if (this.#closed) kept.close();
    return kept;
  }

  #announceProducers(transport: types.Transport): void {
    transport.on("produce", ({ kind, rtpParameters, appData }, done, failed) => {
      const { paused, ...rest } = appData;
      const parameters = rtpParameters as Produce["rtpParameters"];
      const payload = { transportId: transport.id, kind, rtpParameters: parameters, appData: rest };
      this.#lasting
        .make<"produce">((again) => this.call("produce", { ...payload, paused: paused === true, again }))
        .then(({ id }) => done({ id }), failed);
    });
  }

  #health(): TransportHealth {
    const all = [...this.#kept.values()].map((kept) => kept.health);
    if (all.includes("broken")) return "broken";
    return all.includes("good") ? "good" : "new";
  }
}
