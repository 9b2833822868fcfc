/** By so much two clocks may differ without one of them having been set. */
const SLACK_MS = 1_000;

/**
 * A moment by the wall clock as it is set now: one that was set back makes no moment later than it is. A machine
 * that slept, and a clock that was set on, look the same, and bring it nearer.
 */
export class Moment {
  #at_ms: number;
  /** The same by the clock that is never set, which may stand still while the machine sleeps. */
  readonly #ticks_ms: number;

  constructor(at_ms: number) {
    this.#at_ms = at_ms;
    this.#ticks_ms = performance.now() + (at_ms - Date.now());
  }

  get at_ms(): number {
    const latest_ms = Date.now() + (this.#ticks_ms - performance.now());
    if (this.#at_ms > latest_ms + SLACK_MS) this.#at_ms = latest_ms;
    return this.#at_ms;
  }
}
