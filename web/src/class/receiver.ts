/**
 * What others send, consumed as far as it is wanted: made once, paused while nobody looks, closed with its producer,
 * and when it has not been looked at for long, or too much else was looked at since: a peer's consumers are bounded.
 *
 * Every producer settles by itself towards what is wanted of it, one call at a time.
 */
import type { Device, types } from "mediasoup-client";
import type { Consume, ConsumerCreated } from "./protocol";
import type { KeptTransport } from "./transport";
import { type CallServer, codeOf } from "./wire";

interface Held {
  readonly producerId: string;
  wanted: boolean;
  /** The spatial layer that is shown at most, and what the server was told. */
  layer: number;
  toldLayer: number;
  gone: boolean;
  busy: boolean;
  /** Something has changed while it was busy. */
  again: boolean;
  tries: number;
  /** Of the consumer that the server has, from its answer on. */
  consumerId: string | null;
  consumer: types.Consumer | null;
  type: ConsumerCreated["type"];
  /** Runs out when it has been paused for long; undefined while it is wanted. */
  rest: ReturnType<typeof setTimeout> | undefined;
  /** It rested for long enough: the consumer is to be closed. */
  spent: boolean;
}

/** How long a consumer that nobody looks at is kept. */
export const REST_MS = 60_000;
/** How many are: the server's bound is 256, with all that can be seen and heard among them. */
export const MAX_RESTING = 64;

/** What the server gives who prefers nothing. */
const LARGEST = 127;
const RETRY_MS = 2_000;
const MAX_TRIES = 5;
/** Words that trying again does not change. */
const FINAL = new Set(["no_such_producer", "cannot_consume", "forbidden", "too_many_objects", "lost"]);

const isLayered = (held: Held): boolean => held.type !== "simple";

export type Tracks = ReadonlyMap<string, MediaStreamTrack>;

export interface ReceiverOptions {
  device: Device;
  call: CallServer;
  transport: () => Promise<KeptTransport>;
  /** The tracks that can be shown and heard now, by producer. */
  onTracks: (tracks: Tracks) => void;
  /** Whether a producer that was just consumed is paused by its owner. */
  onPaused: (producerId: string, paused: boolean) => void;
}

export class Receiver {
  readonly #held = new Map<string, Held>();
  #closed = false;

  constructor(private readonly options: ReceiverOptions) {}

  /** Says which producers there are (of others), and of those that are wanted now up to which spatial layer. */
  update(existing: Iterable<string>, wanted: ReadonlyMap<string, number>): void {
    const there = new Set(existing);
    for (const id of [...this.#held.keys()]) if (!there.has(id)) this.drop(id);
    for (const id of there) {
      const held = this.#held.get(id) ?? this.#hold(id);
      const changed = held.wanted !== wanted.has(id) || this.#wantsOther(held, wanted.get(id));
      held.wanted = wanted.has(id);
      held.layer = wanted.get(id) ?? held.layer;
      if (held.wanted) this.#wake(held);
      if (changed || (held.wanted && !held.consumer && held.tries === 0)) void this.#settle(held);
    }
  }

  /** Forgets the consumer of a producer: it was closed on the server's side. */
  drop(producerId: string): void {
    const held = this.#held.get(producerId);
    if (!held) return;
    held.gone = true;
    clearTimeout(held.rest);
    held.consumer?.close();
    this.#held.delete(producerId);
    this.#publish();
  }

  /** After much was missed: drops what the server has not open any more, and closes there what is not ours. */
  reconcile(open: ReadonlySet<string>): void {
    const ours = new Set<string>();
    for (const { producerId, consumerId } of [...this.#held.values()]) {
      if (consumerId === null) continue;
      if (open.has(consumerId)) ours.add(consumerId);
      else this.drop(producerId);
    }
    // Made by a call whose answer was lost.
    for (const consumerId of open)
      if (!ours.has(consumerId)) void this.options.call("close-consumer", { consumerId }).catch(() => {});
  }

  /** Tries again what failed while the connection was away. */
  retry(): void {
    for (const held of this.#held.values()) {
      held.tries = 0;
      void this.#settle(held);
    }
  }

  consumerOf(producerId: string): types.Consumer | null {
    return this.#held.get(producerId)?.consumer ?? null;
  }

  close(): void {
    this.#closed = true;
    for (const id of [...this.#held.keys()]) this.drop(id);
  }

  #wantsOther(held: Held, layer: number | undefined): boolean {
    return layer !== undefined && layer !== held.layer && isLayered(held);
  }

  #hold(producerId: string): Held {
    const held: Held = {
      producerId,
      wanted: false,
      layer: LARGEST,
      toldLayer: LARGEST,
      gone: false,
      busy: false,
      again: false,
      tries: 0,
      consumerId: null,
      consumer: null,
      type: "simple",
      rest: undefined,
      spent: false,
    };
    this.#held.set(producerId, held);
    return held;
  }

  async #settle(held: Held): Promise<void> {
    if (held.busy) {
      held.again = true;
      return;
    }
    held.busy = true;
    try {
      while (!held.gone && !this.#closed) {
        if (held.wanted && !held.consumer) await this.#consume(held);
        else if (held.consumer && held.wanted && held.layer !== held.toldLayer && isLayered(held))
          await this.#prefer(held, held.consumer);
        else if (held.consumer && held.consumer.paused === held.wanted)
          await this.#switch(held, held.consumer);
        else if (held.consumer && held.spent) await this.#release(held, held.consumer);
        else break;
      }
      held.tries = 0;
      this.#rest(held);
    } catch (error) {
      held.tries += 1;
      if (!FINAL.has(codeOf(error)) && held.tries < MAX_TRIES)
        setTimeout(() => void this.#settle(held), RETRY_MS * held.tries);
    } finally {
      held.busy = false;
      if (held.gone) held.consumer?.close();
    }
    if (held.again) {
      held.again = false;
      void this.#settle(held);
    }
  }

  async #consume(held: Held): Promise<void> {
    const { call, device } = this.options;
    const { transport } = await this.options.transport();
    const made = await call("consume", {
      transportId: transport.id,
      producerId: held.producerId,
      rtpCapabilities: device.recvRtpCapabilities as Consume["rtpCapabilities"],
      paused: true,
    });
    held.consumerId = made.id;
    held.type = made.type;
    // Now: what is pushed while the consumer is made here is newer.
    this.options.onPaused(held.producerId, made.producerPaused);
    const consumer = await transport.consume(made as unknown as types.ConsumerOptions);
    held.consumer = consumer;
    if (held.gone) return;
    // As it is on the server: what resumes it is tried again when that fails.
    consumer.pause();
    consumer.on("transportclose", () => this.drop(held.producerId));
    this.#publish();
  }

  /** Before it is resumed: nothing is sent larger than it is shown. */
  async #prefer(held: Held, consumer: types.Consumer): Promise<void> {
    const spatialLayer = held.layer;
    await this.options.call("set-preferred-layers", { consumerId: consumer.id, spatialLayer });
    held.toldLayer = spatialLayer;
  }

  async #switch(held: Held, consumer: types.Consumer): Promise<void> {
    if (held.wanted) {
      await this.options.call("resume-consumer", { consumerId: consumer.id });
      consumer.resume();
    } else {
      await this.options.call("pause-consumer", { consumerId: consumer.id });
      consumer.pause();
    }
  }

  #wake(held: Held): void {
    clearTimeout(held.rest);
    held.rest = undefined;
    held.spent = false;
  }

  /** Nobody looks at it from now on; of all that rest the one that does so longest is first in the map. */
  #rest(held: Held): void {
    if (!held.consumer || held.wanted || held.gone || held.rest !== undefined) return;
    const spend = (one: Held) => {
      one.spent = true;
      void this.#settle(one);
    };
    held.rest = setTimeout(spend, REST_MS, held);
    this.#held.delete(held.producerId);
    this.#held.set(held.producerId, held);
    const resting = [...this.#held.values()].filter((one) => one.rest !== undefined && !one.spent);
    for (const one of resting.slice(0, Math.max(0, resting.length - MAX_RESTING))) {
      clearTimeout(one.rest);
      spend(one);
    }
  }

  async #release(held: Held, consumer: types.Consumer): Promise<void> {
    await this.options.call("close-consumer", { consumerId: consumer.id }).catch((error: unknown) => {
      if (codeOf(error) !== "no_such_consumer") throw error;
    });
    consumer.close();
    this.#wake(held);
    held.consumer = null;
    held.consumerId = null;
    held.type = "simple";
    held.toldLayer = LARGEST;
    this.#publish();
  }

  #publish(): void {
    const tracks = new Map<string, MediaStreamTrack>();
    for (const { producerId, consumer } of this.#held.values())
      if (consumer && !consumer.closed) tracks.set(producerId, consumer.track);
    this.options.onTracks(tracks);
  }
}
