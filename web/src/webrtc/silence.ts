/** When a microphone gives nothing at all: switched off by a button of its own, or the wrong one. */

/** The smallest step of 16-bit sound (20 log10 of 1/32768): a live microphone is above it in the quietest room. */
export const SILENCE_DBFS = -90;
export const SILENCE_MS = 5_000;

export class SilenceWatch {
  #since_ms: number | null = null;

  /** Takes a level in dBFS, or null while none can be read; tells whether it has been silent for SILENCE_MS. */
  receive(level_dbfs: number | null, now_ms: number): boolean {
    if (level_dbfs === null || level_dbfs > SILENCE_DBFS) {
      this.#since_ms = null;
      return false;
    }
    this.#since_ms ??= now_ms;
    return now_ms - this.#since_ms >= SILENCE_MS;
  }
}
