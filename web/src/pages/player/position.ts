/** Where somebody stopped watching, kept in this browser. */
import { remember, remembered } from "../../storage";

const key = (id: string) => `vtp.position.${id}`;
/** Nearer to either end than this, a position is not worth resuming. */
const EDGE_S = 10;

/** Seconds to start at; 0 for the beginning. */
export function keptPosition(id: string): number {
  const seconds = Number(remembered(key(id)));
  return Number.isFinite(seconds) && seconds > EDGE_S ? seconds : 0;
}

function keepPosition(id: string, position_s: number, duration_s: number): void {
  const worth = position_s > EDGE_S && position_s < duration_s - EDGE_S;
  remember(key(id), worth ? position_s.toFixed(1) : null);
}

const KEEP_EVERY_S = 5;

/** Keeps where a video stands, from when it stands anywhere: until it plays or seeks first, and once it is emptied, that is 0. */
export class PositionKeeper {
  readonly #id: string;
  readonly #video: HTMLVideoElement;
  readonly #listening = new AbortController();
  #stands = false;
  #kept_s = 0;

  constructor(id: string, video: HTMLVideoElement) {
    this.#id = id;
    this.#video = video;
    const on = (name: string, listener: () => void) =>
      video.addEventListener(name, listener, { signal: this.#listening.signal });
    for (const name of ["playing", "seeked"]) on(name, () => this.#look(true));
    on("timeupdate", () => this.#look(this.#stands));
    on("emptied", () => this.#look(false));
  }

  /** Keeps it now, and no more afterwards. */
  close(): void {
    this.#listening.abort();
    this.#keep();
  }

  #look(stands: boolean): void {
    this.#stands = stands;
    if (Math.abs(this.#video.currentTime - this.#kept_s) >= KEEP_EVERY_S) this.#keep();
  }

  #keep(): void {
    const { readyState, currentTime, duration } = this.#video;
    if (!this.#stands || readyState === 0) return;
    this.#kept_s = currentTime;
    keepPosition(this.#id, currentTime, duration);
  }
}
