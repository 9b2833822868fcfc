/**
 * The text of a draft while somebody writes it whose group may write it too: follows what the server has until
 * something is typed here, and says so where both have changed.
 */
import type { Submission } from "../../../api/assignments";
import type { Versioned } from "../../../api/courses";
import { ApiError } from "../../../api/problem";

export type ReadDraft = Versioned<Submission>;

interface Calls {
  /** Refused with 412 where the text is not that of the version. */
  write: (text: string, etag: string | null) => Promise<ReadDraft>;
  read: () => Promise<ReadDraft>;
  handIn: (etag: string | null) => Promise<unknown>;
}

const wroteAt = ({ value }: ReadDraft): number => Date.parse(value.updated_at);

export class DraftText {
  readonly #calls: Calls;
  readonly #changed: () => void;
  /** What the text here was made from. */
  #seen: ReadDraft;
  #text: string;
  #theirs: ReadDraft | null = null;
  /** One call after the other: each says the version that the one before has made. */
  #last: Promise<unknown> = Promise.resolve();

  /** `changed` is told whenever the text or `theirs` are others. */
  constructor(seen: ReadDraft, calls: Calls, changed: () => void) {
    this.#seen = seen;
    this.#text = seen.value.text;
    this.#calls = calls;
    this.#changed = changed;
  }

  get text(): string {
    return this.#text;
  }

  /** What somebody else has written since, while something was typed here. */
  get theirs(): ReadDraft | null {
    return this.#theirs;
  }

  /** Whether something stands here that is not written. */
  get isTyped(): boolean {
    return this.#text !== this.#seen.value.text;
  }

  type(text: string): void {
    this.#text = text;
    this.#changed();
  }

  /** Takes what was read meanwhile, unless something is typed here that is not kept, or it is old. */
  receive(read: ReadDraft): void {
    if (this.isTyped || this.#theirs !== null || wroteAt(read) < wroteAt(this.#seen)) return;
    this.#take(read);
  }

  /** Writes what is typed; says whether it is there, or nothing was to be written. */
  keep(): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#write(this.#seen.etag);
    });
  }

  /** Hands in what stands here, and nothing else; says whether it is done. */
  handIn(): Promise<boolean> {
    return this.#inTurn(async () => {
      await this.#write(this.#seen.etag);
      await this.#calls.handIn(this.#seen.etag);
    });
  }

  /** Theirs, instead of what was typed here. */
  takeTheirs(): void {
    if (this.#theirs !== null) this.#take(this.#theirs);
  }

  /** What is typed here, over what was shown of theirs; says whether it is there. */
  keepMine(): Promise<boolean> {
    const { theirs } = this;
    if (theirs === null) return Promise.resolve(true);
    this.#seen = theirs;
    this.#theirs = null;
    return this.keep();
  }

  async #write(etag: string | null): Promise<void> {
    if (this.isTyped) this.#seen = await this.#calls.write(this.#text, etag);
  }

  #take(read: ReadDraft): void {
    this.#seen = read;
    this.#text = read.value.text;
    this.#theirs = null;
    this.#changed();
  }

  #inTurn(act: () => Promise<void>): Promise<boolean> {
    const done = this.#last.then(async () => {
      if (this.#theirs !== null) return false;
      try {
        await act();
        return true;
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== "precondition_failed") throw error;
        this.#theirs = await this.#calls.read();
        return false;
      } finally {
        this.#changed();
      }
    });
    this.#last = done.catch(() => {});
    return done;
  }
}
