/**
 * Calls in the midst of a negotiation, which mediasoup-client cannot take back cleanly: when the connection is
 * lost meanwhile they wait until it is back, and are made again.
 */
import type { Call, Reply } from "./protocol";
import { codeOf } from "./wire";

interface Waiting {
  goOn: () => void;
  giveUp: () => void;
}

export class LastingCalls {
  readonly #waiting = new Set<Waiting>();
  #closed = false;

  /**
   * Makes a call until the server answers it; `again` says that it may have been made before.
   * Throws CallError with the server's sentence, or that the connection is lost when it is closed meanwhile.
   */
  async make<E extends Call>(attempt: (again: boolean) => Promise<Reply<E>>): Promise<Reply<E>> {
    for (let again = false; ; again = true) {
      try {
        return await attempt(again);
      } catch (error) {
        if (this.#closed || codeOf(error) !== "lost") throw error;
        await new Promise<void>((goOn, fail) => this.#waiting.add({ goOn, giveUp: () => fail(error) }));
      }
    }
  }

  /** The connection is back. */
  goOn(): void {
    for (const { goOn } of this.#taken()) goOn();
  }

  /** Nothing waits any more. */
  close(): void {
    this.#closed = true;
    for (const { giveUp } of this.#taken()) giveUp();
  }

  #taken(): Waiting[] {
    const all = [...this.#waiting];
    this.#waiting.clear();
    return all;
  }
}
