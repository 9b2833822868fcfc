/**
 * One page's events on their way to the server: numbered, kept until they are answered, sent again together with what
 * has come since. Each counts once, however often it is sent: it carries the number of its first batch. What the server
 * cannot take is given up, and the rest sent without it: all that was kept goes in one batch, as its segments share the
 * time since the last.
 */
import type { Answer, Batch, NumberedEvent, SaidEvent, SendBatch } from "./events";
import { keep, kept } from "./kept";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** What the server takes in one batch. */
export const MAX_IN_BATCH = 500;
/** What is kept of one page; of more, the oldest is given up. */
export const MAX_KEPT = 1_000;
/** One number is for so many at most: batches are sent whole. */
const MAX_OF_NUMBER = 100;
const MAX_BYTES_OF_NUMBER = 16_000;
/** Browsers refuse requests that outlive their page where these are of more than 64 KiB together. */
export const MAX_LEAVING_BYTES = 50_000;

const bytesOf = (event: NumberedEvent): number => JSON.stringify(event).length + 1; // nothing but ASCII is said

export class EventSession {
  readonly id: string;
  readonly #account: string;
  readonly #send: SendBatch;
  #events: NumberedEvent[];
  #seq: number;
  /** Requests that are under way. */
  #sending = 0;
  /** What is under way with requests that outlive the page. */
  readonly #leavingWith = new Set<NumberedEvent>();
  /** There is more that is to be sent as soon as there is an answer. */
  #again = false;
  #ended = false;
  /** Nothing is tried again. */
  #closed = false;
  /** Whose it is has gone. */
  #orphaned = false;
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
    return this.#sending > 0 || this.#failures > 0 || this.#orphaned;
  }

  say(event: SaidEvent): void {
    if (this.#ended) return;
    const ofNumber = this.#events.filter(({ seq }) => seq === this.#seq);
    const full = ofNumber.reduce((sum, one) => sum + bytesOf(one), 0) > MAX_BYTES_OF_NUMBER;
    if (full || ofNumber.length >= MAX_OF_NUMBER) this.#seq += 1;
    this.#events.push({ ...event, seq: this.#seq });
    if (this.#events.length > MAX_KEPT) this.#events = this.#events.slice(-MAX_KEPT);
    this.#keep();
  }

  /** Sends what there is; again and again until it is answered, as long as it is said by who is signed in. */
  async flush(leaving = false): Promise<void> {
    if (this.idle || this.#orphaned || this.#ended) return;
    if (leaving ? this.#events.every((one) => this.#leavingWith.has(one)) : this.#sending > 0) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    const batch = this.#nextBatch(leaving ? MAX_LEAVING_BYTES : Number.POSITIVE_INFINITY);
    this.#again = batch.events.length < this.#events.length;
    const answer = await this.#try(batch, leaving);
    if (this.#ended) return;
    if (answer === "later") return this.#wait();
    this.#keep();
    if (this.#again && answer !== "not_theirs") await this.flush(leaving);
  }

  /** Sends what there is, once; whoever it is of signs out: what is said later is not heard, and nothing is kept. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.close();
    keep(this.#account, { session_id: this.id, events: [], at_ms: Date.now() });
    let answer: Answer = "taken";
    while (!this.idle && answer !== "later" && answer !== "not_theirs")
      answer = await this.#try(this.#nextBatch(), false);
    this.#events = [];
  }

  /** Nothing is tried any more; what is kept stays. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
    this.#failures = 0;
  }

  async #try(batch: Batch, leaving: boolean): Promise<Answer> {
    const events = batch.events;
    this.#sending += 1;
    if (leaving) for (const one of events) this.#leavingWith.add(one);
    const answer = await this.#send(batch, leaving);
    this.#sending -= 1;
    if (leaving) for (const one of events) this.#leavingWith.delete(one);
    if (answer === "not_theirs") this.#orphaned = true;
    if (answer === "later" || answer === "not_theirs") return answer;
    this.#failures = 0;
    this.#drop(events, answer);
    return answer;
  }

  /** What has been answered is kept no longer; of a batch in which something does not fit, that. */
  #drop(events: readonly NumberedEvent[], answer: Answer): void {
    const misfits = new Set(
      typeof answer === "object" ? answer.misfits.flatMap((at) => events[at] ?? []) : [],
    );
    if (misfits.size > 0) {
      this.#events = this.#events.filter((one) => !misfits.has(one));
      this.#again = true;
      return;
    }
    const done = new Set(events.map(({ seq }) => seq));
    this.#events = this.#events.filter(({ seq }) => !done.has(seq));
  }

  /** The first numbers that fit; of the first, all. */
  #nextBatch(max_bytes = Number.POSITIVE_INFINITY): Batch {
    const first = this.#events[0]?.seq;
    let bytes = 0;
    const over = this.#events.findIndex((one, place) => {
      bytes += bytesOf(one);
      return one.seq !== first && (place >= MAX_IN_BATCH || bytes > max_bytes);
    });
    const cut = this.#events[over]?.seq ?? Number.POSITIVE_INFINITY;
    const events = this.#events.filter(({ seq }) => seq < cut);
    const seq = events.at(-1)?.seq ?? this.#seq;
    // What is said from now on is none of a batch that may have been taken.
    this.#seq = Math.max(this.#seq, seq + 1);
    return { session_id: this.id, user_id: this.#account, seq, events };
  }

  #wait(): void {
    if (this.#closed) return;
    if (this.idle) {
      this.#failures = 0; // another request has brought it
      return;
    }
    const wait_ms = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), wait_ms);
  }

  #keep(): void {
    if (this.#ended) return;
    keep(this.#account, { session_id: this.id, events: this.#events, at_ms: Date.now() });
  }
}
