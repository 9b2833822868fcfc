/**
 * One page's events on their way to the server: numbered, kept until they are answered, sent again together with what
 * has come since. Each counts once, however often it is sent: it carries the number of its first batch.
 */
import type { Batch, NumberedEvent, SaidEvent, SendBatch } from "./events";
import { keep, kept } from "./kept";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** What the server takes in one batch. */
export const MAX_IN_BATCH = 500;
/** What is kept of one page; of more, the oldest is given up. */
export const MAX_KEPT = 1_000;
/** One number is for so many at most: batches are sent whole. */
const MAX_OF_NUMBER = 100;

export class EventSession {
  readonly id: string;
  readonly #account: string;
  readonly #send: SendBatch;
  #events: NumberedEvent[];
  #seq: number;
  #sending = false;
  /** There is more that is to be sent as soon as there is an answer. */
  #again = false;
  #ended = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Goes on with what is kept of this session, if there is anything. */
  constructor(id: string, account: string, send: SendBatch) {
    this.id = id;
    this.#account = account;
    this.#send = send;
    this.#events = kept(account, id)?.events ?? [];
    this.#seq = Math.max(0, ...this.#events.map(({ seq }) => seq + 1));
  }

  /** Nothing of it waits for the server. */
  get idle(): boolean {
    return this.#events.length === 0;
  }

  /** The server does not answer: what can wait should be said later, in fewer words. */
  get stuck(): boolean {
    return this.#sending || this.#failures > 0;
  }

  say(event: SaidEvent): void {
    if (this.#ended) return;
    if (this.#events.filter(({ seq }) => seq === this.#seq).length >= MAX_OF_NUMBER) this.#seq += 1;
    this.#events.push({ ...event, seq: this.#seq });
    if (this.#events.length > MAX_KEPT) this.#events = this.#events.slice(-MAX_KEPT);
    this.#keep();
  }

  /** Sends what there is; again and again until it is answered. */
  async flush(leaving = false): Promise<void> {
    if (this.idle) return;
    if (this.#sending && !leaving) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    const batch = this.#nextBatch();
    this.#again = batch.events.length < this.#events.length;
    this.#sending = true;
    const answer = await this.#send(batch, leaving);
    this.#sending = false;
    if (answer === "later") return this.#wait();
    this.#failures = 0;
    const done = new Set(batch.events.map(({ seq }) => seq));
    this.#events = this.#events.filter(({ seq }) => !done.has(seq));
    this.#keep();
    if (this.#again) await this.flush(leaving);
  }

  /** Sends what there is; what is said later is not heard: whoever it is of has signed out. */
  async end(): Promise<void> {
    await this.flush(true);
    this.#ended = true;
    this.#events = [];
    this.#keep();
    this.close();
  }

  /** Nothing is tried any more; what is kept stays. */
  close(): void {
    clearTimeout(this.#timer);
    this.#failures = 0;
  }

  #nextBatch(): Batch {
    let events = [...this.#events];
    if (events.length > MAX_IN_BATCH) {
      const cut = events[MAX_IN_BATCH]?.seq ?? 0;
      events = events.filter(({ seq }) => seq < cut);
    }
    const seq = events.at(-1)?.seq ?? this.#seq;
    // What is said from now on is none of a batch that may have been taken.
    this.#seq = Math.max(this.#seq, seq + 1);
    return { session_id: this.id, seq, events };
  }

  #wait(): void {
    const wait_ms = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), wait_ms);
  }

  #keep(): void {
    keep(this.#account, { session_id: this.id, events: this.#events, at_ms: Date.now() });
  }
}
