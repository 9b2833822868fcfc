/**
 * What we send: one producer for each source, settling towards what is wanted, one call at a time.
 *
 * Another device is a `replaceTrack`; a muted microphone is a paused producer; a camera that is off is none.
 */
import type { Device, types } from "mediasoup-client";
import { type Encoding, fitted, sameEncodings } from "./encodings";
import type { KeptTransport } from "./transport";
import { type CallServer, codeOf } from "./wire";

/** `screen-sound` is what a shared screen plays; to the server both are the screen. */
export type Outlet = "microphone" | "camera" | "screen" | "screen-sound";

export interface Wish {
  track: MediaStreamTrack;
  paused?: boolean;
  /** Of a picture, the smallest first. */
  encodings?: readonly Encoding[];
}

interface Held {
  wish: Wish | null;
  producer: types.Producer | null;
  /** What the encoder keeps to now. */
  encodings: readonly Encoding[];
  /** The largest encoding that somebody watches, and that is sent. */
  most: number;
  sentMost: number;
  /** What the server knows, which is behind while the connection is lost. */
  serverPaused: boolean;
  busy: boolean;
  /** What could not be sent; it is tried again when it is switched on again. */
  refused: MediaStreamTrack | null;
  /** Something has changed while it was busy. */
  again: boolean;
}

export const OUTLETS: readonly Outlet[] = ["microphone", "camera", "screen", "screen-sound"];
const START_KBPS = 1_000;
const NONE: readonly Encoding[] = [];
const ALL = 127;
const H264 = /^video\/h264$/i;

/** The codec that is recorded and decodes everywhere, where this browser sends it. */
export function preferredCodec(
  codecs: readonly types.RtpCodecCapability[],
): types.RtpCodecCapability | undefined {
  const h264 = codecs.filter((codec) => H264.test(codec.mimeType));
  const isBaseline = (codec: types.RtpCodecCapability) =>
    /^42e0/i.test(String(codec.parameters?.["profile-level-id"] ?? "")) &&
    codec.parameters?.["packetization-mode"] === 1;
  return h264.find(isBaseline) ?? h264[0];
}

/** Each encoding by itself: who has just been made an assistant is looked at more. */
async function regrade(producer: types.Producer, encodings: readonly Encoding[]): Promise<void> {
  const sender = producer.rtpSender;
  if (!sender) return;
  const parameters = sender.getParameters();
  parameters.encodings.forEach((one, at) => {
    const { maxBitrate, scaleResolutionDownBy } = encodings[at] ?? {};
    Object.assign(one, { maxBitrate, scaleResolutionDownBy });
  });
  // A browser that takes it not goes on as it was.
  await sender.setParameters(parameters).catch(() => undefined);
}

export interface SenderOptions {
  device: Device;
  call: CallServer;
  transport: () => Promise<KeptTransport>;
  /** What could not be sent; the wish is dropped. */
  onRefused: (outlet: Outlet, error: unknown) => void;
}

export class Sender {
  readonly #held = new Map<Outlet, Held>();
  #closed = false;

  constructor(private readonly options: SenderOptions) {
    for (const outlet of OUTLETS)
      this.#held.set(outlet, {
        wish: null,
        producer: null,
        encodings: NONE,
        most: ALL,
        sentMost: ALL,
        serverPaused: false,
        busy: false,
        refused: null,
        again: false,
      });
  }

  /** Says what is to go out from now on; null: nothing. */
  want(outlet: Outlet, wish: Wish | null): void {
    const held = this.#of(outlet);
    if (wish?.paused && wish.track === held.refused) return;
    held.wish = wish;
    void this.#settle(outlet, held);
  }

  /** Which outlet this producer is; null when it is none of ours. */
  outletOf(producerId: string): Outlet | null {
    return OUTLETS.find((outlet) => this.#of(outlet).producer?.id === producerId) ?? null;
  }

  producerOf(outlet: Outlet): types.Producer | null {
    return this.#of(outlet).producer;
  }

  /** The server has paused or resumed it already. */
  note(outlet: Outlet, paused: boolean): void {
    this.#of(outlet).serverPaused = paused;
  }

  /** Which layers of it somebody watches: those above are not sent. */
  watch(producerId: string, layers: readonly number[]): void {
    const outlet = this.outletOf(producerId);
    if (!outlet) return;
    const held = this.#of(outlet);
    held.most = Math.max(0, ...layers);
    void this.#settle(outlet, held);
  }

  /** The server has closed it already. */
  forget(outlet: Outlet): void {
    const held = this.#of(outlet);
    held.wish = null;
    held.producer?.close();
    held.producer = null;
  }

  /**
   * After much was missed: takes what the server has open of ours, with whether it is paused. Gives what it has
   * stopped meanwhile and we were sending.
   */
  reconcile(open: ReadonlyMap<string, boolean>): Outlet[] {
    return OUTLETS.filter((outlet) => {
      const held = this.#of(outlet);
      if (!held.producer) return false;
      const { wish } = held;
      const paused = open.get(held.producer.id);
      if (paused === undefined) {
        this.forget(outlet);
        return wish !== null;
      }
      const stopped = paused && !held.serverPaused && wish !== null && !wish.paused;
      held.serverPaused = paused;
      return stopped;
    });
  }

  /** Makes what is not as wanted so, after the connection was away. */
  retry(): void {
    for (const [outlet, held] of this.#held) void this.#settle(outlet, held);
  }

  close(): void {
    this.#closed = true;
    for (const held of this.#held.values()) held.producer?.close();
  }

  #of(outlet: Outlet): Held {
    return this.#held.get(outlet) as Held;
  }

  async #settle(outlet: Outlet, held: Held): Promise<void> {
    if (held.busy) {
      held.again = true;
      return;
    }
    held.busy = true;
    try {
      while (!this.#closed && (await this.#step(outlet, held)));
    } catch (error) {
      this.#failed(outlet, held, error);
    } finally {
      held.busy = false;
    }
    this.#goOn(outlet, held);
  }

  #goOn(outlet: Outlet, held: Held): void {
    if (!held.again) return;
    held.again = false;
    void this.#settle(outlet, held);
  }

  #failed(outlet: Outlet, held: Held, error: unknown): void {
    // A lost connection comes back and then settles this.
    if (this.#closed || codeOf(error) === "lost") return;
    if (codeOf(error) === "no_such_producer") {
      // The server has closed it meanwhile, and its word of that is on the way.
      held.producer?.close();
      held.producer = null;
      return;
    }
    held.refused = held.wish?.track ?? null;
    held.wish = null;
    this.options.onRefused(outlet, error);
  }

  /** One step towards the wish; false when it is fulfilled. */
  async #step(outlet: Outlet, held: Held): Promise<boolean> {
    const { call } = this.options;
    const { wish, producer } = held;
    if (producer?.closed) held.producer = null;
    else if (!wish && producer) {
      await call("close-producer", { producerId: producer.id });
      producer.close();
      held.producer = null;
    } else if (wish && !producer) await this.#produce(outlet, held, wish);
    else if (wish && producer && producer.track !== wish.track)
      await producer.replaceTrack({ track: wish.track });
    else if (wish && producer && held.serverPaused !== (wish.paused ?? false)) {
      const paused = wish.paused ?? false;
      // Muting holds here at once, whatever becomes of the call.
      if (paused) producer.pause();
      await call(paused ? "pause-producer" : "resume-producer", { producerId: producer.id });
      held.serverPaused = paused;
      if (!paused) producer.resume();
    } else if (producer && wish?.encodings?.length && this.#isOther(held, wish.encodings)) {
      held.encodings = fitted(wish.encodings, held.encodings.length);
      await regrade(producer, held.encodings);
    } else if (producer && held.most !== held.sentMost && held.encodings.length > 1) {
      // One after the other: mediasoup-client takes no notice of a call that undoes one which is still under way.
      held.sentMost = held.most;
      await producer.setMaxSpatialLayer(held.sentMost).catch(() => undefined);
    } else return false;
    return true;
  }

  #isOther(held: Held, wanted: readonly Encoding[]): boolean {
    return !sameEncodings(held.encodings, fitted(wanted, held.encodings.length));
  }

  async #produce(outlet: Outlet, held: Held, wish: Wish): Promise<void> {
    const { transport } = await this.options.transport();
    const codec = preferredCodec(this.options.device.sendRtpCapabilities.codecs ?? []);
    const picture = wish.track.kind === "video";
    const producer = await transport.produce({
      track: wish.track,
      stopTracks: false,
      // A pause would else send silence in full packets; the server is told anyway.
      zeroRtpOnPause: true,
      appData: { source: outlet === "screen-sound" ? "screen" : outlet, paused: wish.paused ?? false },
      ...(picture && {
        ...(codec && { codec }),
        ...(wish.encodings?.length && { encodings: wish.encodings.map((one) => ({ ...one })) }),
        codecOptions: { videoGoogleStartBitrate: START_KBPS },
      }),
    });
    if (wish.paused) producer.pause();
    held.producer = producer;
    held.encodings = wish.encodings ?? NONE;
    held.most = ALL;
    held.sentMost = ALL;
    held.serverPaused = wish.paused ?? false;
    producer.on("transportclose", () => {
      if (held.producer === producer) held.producer = null;
    });
  }
}
