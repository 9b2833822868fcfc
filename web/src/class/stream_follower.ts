/**
 * Keeps the live stream of a class playing: it begins when somebody presents, goes on from another source when the class
 * is recorded from now on, and has to be asked for again when it or the grant has ended.
 */
import type { StreamOffer } from "./protocol";

/** Plays an address until the returned function is called; `over` when it has ended or cannot be played (any more). */
export type Play = (url: string, over: () => void) => () => void;

export interface FollowerOptions {
  play: Play;
  /** Asks for the stream anew; null: there is media instead. */
  ask: () => Promise<StreamOffer | null>;
  /** Told what asking has thrown; gives how long to wait until it is tried again, at least, in milliseconds. */
  refused: (why: unknown) => number;
}

/** How long until the next try, from one to the next without a picture in between. */
export const PAUSES_MS = [0, 1_000, 2_000, 4_000] as const;

/** Without a picture for so long it is asked for anew: not every player says that a source has ended. */
export const STALL_MS = 8_000;

/** The cookie that the answer brings opens the rest. Without a grant it is there already. */
export const addressOf = ({ url, grant }: StreamOffer): string =>
  grant ? `${url}?grant=${encodeURIComponent(grant)}` : url;

export class StreamFollower {
  #stop: () => void = () => undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stall: ReturnType<typeof setTimeout> | undefined;
  #over: () => void = () => undefined;
  #tries = 0;
  #closed = false;

  constructor(private readonly options: FollowerOptions) {}

  /** Asks which stream there is, and follows it. */
  start(): void {
    void this.#ask();
  }

  follow(stream: StreamOffer): void {
    if (this.#closed) return;
    this.#stop();
    let isOver = false;
    this.#over = () => {
      if (isOver) return;
      isOver = true;
      this.#again();
    };
    this.stalled();
    this.#stop = this.options.play(addressOf(stream), this.#over);
  }

  /** The picture moves. */
  succeeded(): void {
    this.#tries = 0;
    clearTimeout(this.#stall);
  }

  /** The picture stands still. */
  stalled(): void {
    clearTimeout(this.#stall);
    this.#stall = setTimeout(this.#over, STALL_MS);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#stall);
    this.#stop();
  }

  #again(least_ms = 0): void {
    if (this.#closed) return;
    const pause_ms = PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)] ?? 0;
    this.#tries += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#stall);
    this.#timer = setTimeout(() => void this.#ask(), Math.max(pause_ms, least_ms));
  }

  async #ask(): Promise<void> {
    try {
      const stream = await this.options.ask();
      if (stream) this.follow(stream);
    } catch (why) {
      if (!this.#closed) this.#again(this.options.refused(why));
    }
  }
}
