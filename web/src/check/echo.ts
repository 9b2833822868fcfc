/** Counts numbered messages that come back: what was lost, how long they took, how unevenly. */

export interface EchoFigures {
  sent: number;
  lost: number;
  /** Half took less. Null when nothing came back. */
  rtt_ms: number | null;
  /** The mean difference between neighbours (RFC 3550 section 6.4.1, without its smoothing). */
  jitter_ms: number | null;
}

export class EchoMeter {
  readonly #sent_ms: number[] = [];
  readonly #took_ms = new Map<number, number>();

  /** Gives the number that the next message carries, sent at `now_ms`. */
  send(now_ms: number): number {
    return this.#sent_ms.push(now_ms) - 1;
  }

  /** Takes the number of a message that came back; what was never sent, or comes twice, counts nothing. */
  receive(number: number, now_ms: number): void {
    const sent_ms = this.#sent_ms[number];
    if (sent_ms !== undefined && !this.#took_ms.has(number)) this.#took_ms.set(number, now_ms - sent_ms);
  }

  read(): EchoFigures {
    const took = [...this.#took_ms.entries()].sort(([a], [b]) => a - b).map(([, ms]) => ms);
    const steps = took.slice(1).map((ms, index) => Math.abs(ms - (took[index] ?? ms)));
    const sorted = took.toSorted((a, b) => a - b);
    return {
      sent: this.#sent_ms.length,
      lost: this.#sent_ms.length - took.length,
      rtt_ms: sorted[Math.floor(sorted.length / 2)] ?? null,
      jitter_ms: steps.length > 0 ? steps.reduce((a, b) => a + b, 0) / steps.length : null,
    };
  }
}
