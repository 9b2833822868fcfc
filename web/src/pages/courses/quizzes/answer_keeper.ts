/**
 * Keeps the answers of an attempt safe: each is sent by itself as it is given, one at a time for a question, and again
 * until the server has it.
 */

import { ApiError, sentence } from "../../../api/problem";
import type { Answer } from "../../../api/quizzes";

export type Kept = "saved" | "saving" | "waiting" | "refused";

interface Options {
  /** Gives the version that the server has then. */
  save: (question: string, answer: Answer | null, version: number) => Promise<number>;
  /** Something is saved, or is not. */
  changed: () => void;
  /** The time is over: nothing more is taken. */
  over: () => void;
  /** Another tab has saved something else for this question. */
  overtaken: (question: string) => void;
  /** So long somebody may type before it is sent. */
  typing_ms?: number;
  again_ms?: number;
}

interface Waiting {
  answer: Answer | null;
  timer?: ReturnType<typeof setTimeout>;
}

const isPassing = (error: unknown): boolean =>
  !(error instanceof ApiError) || error.status === 0 || error.status === 429 || error.status >= 500;

export class AnswerKeeper {
  readonly #options: Options;
  readonly #versions: Map<string, number>;
  readonly #waiting = new Map<string, Waiting>();
  /** Sent without an answer: the server may have them, and takes nothing newer for the old version then. */
  readonly #unsure = new Map<string, Waiting>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #refused = new Map<string, string>();
  /** The server did not take them at the last try. */
  readonly #failed = new Set<string>();
  #closed = false;

  constructor(options: Options, versions: Iterable<[string, number]>) {
    this.#options = options;
    this.#versions = new Map(versions);
  }

  /** Takes an answer; `typed`: more of it may follow at once. */
  write(question: string, answer: Answer | null, typed = false): void {
    if (this.#closed) return;
    clearTimeout(this.#waiting.get(question)?.timer);
    const waiting: Waiting = { answer };
    this.#waiting.set(question, waiting);
    this.#refused.delete(question);
    if (typed) waiting.timer = setTimeout(() => void this.#send(question), this.#options.typing_ms ?? 700);
    else void this.#send(question);
    this.#options.changed();
  }

  stateOf(question: string): Kept {
    if (this.#refused.has(question)) return "refused";
    if (!this.#waiting.has(question)) return "saved";
    return this.#failed.has(question) ? "waiting" : "saving";
  }

  /** Why the server does not take it; empty when it does. */
  refusalOf(question: string): string {
    return this.#refused.get(question) ?? "";
  }

  /** So many answers the server does not have yet. */
  get unsaved(): number {
    return this.#waiting.size;
  }

  /** Whether the server cannot be reached at the moment. */
  get troubled(): boolean {
    return this.#failed.size > 0;
  }

  /** Sends what waits now; true when the server has everything. */
  async flush(): Promise<boolean> {
    await Promise.all([...this.#waiting.keys()].map((question) => this.#send(question)));
    return this.#waiting.size === 0;
  }

  /** The version that was read anew. */
  setVersion(question: string, version: number): void {
    this.#versions.set(question, version);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#unsure.clear();
    this.#failed.clear();
  }

  #send(question: string): Promise<void> {
    const running = this.#running.get(question);
    if (running) return running;
    const work = this.#work(question).finally(() => this.#running.delete(question));
    this.#running.set(question, work);
    return work;
  }

  async #work(question: string): Promise<void> {
    for (;;) {
      const waiting = this.#waiting.get(question);
      if (!waiting || this.#closed) return;
      clearTimeout(waiting.timer);
      // The same again is taken whether it had arrived or not, and says the version that is there.
      const sending = this.#unsure.get(question) ?? waiting;
      try {
        const version = this.#versions.get(question) ?? 0;
        this.#versions.set(question, await this.#options.save(question, sending.answer, version));
        for (const told of [this.#unsure, this.#refused, this.#failed]) told.delete(question);
        this.#done(question, sending);
      } catch (error) {
        if (this.#failing(question, waiting, sending, error)) return;
      } finally {
        if (!this.#closed) this.#options.changed();
      }
    }
  }

  /** Whether it is done with for now. */
  #failing(question: string, waiting: Waiting, sending: Waiting, error: unknown): boolean {
    if (this.#closed) return true;
    if (isPassing(error)) {
      this.#unsure.set(question, sending);
      this.#failed.add(question);
      const newest = this.#waiting.get(question) ?? waiting;
      clearTimeout(newest.timer);
      newest.timer = setTimeout(() => void this.#send(question), this.#options.again_ms ?? 3_000);
      return true;
    }
    const code = error instanceof ApiError ? error.code : "";
    if (code === "attempt_over") {
      this.close();
      this.#options.over();
      return true;
    }
    this.#unsure.delete(question);
    this.#failed.delete(question);
    if (code === "answer_changed") {
      this.#done(question, waiting);
      this.#options.overtaken(question);
    } else {
      // Of an answer that is not the newest any more nobody needs to hear.
      if (this.#waiting.get(question) === sending) this.#refused.set(question, sentence(error));
      this.#done(question, sending);
    }
    return false;
  }

  /** Nothing waits any more, unless something newer does. */
  #done(question: string, one: Waiting): void {
    if (this.#waiting.get(question) === one) this.#waiting.delete(question);
  }
}
