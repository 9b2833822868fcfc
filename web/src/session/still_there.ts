/** Asks in time whether somebody is there, before a session ends that nobody uses. */
import type { HttpClient } from "../api/http";
import type { Use } from "./use";

/** So long before the end, and no more than a quarter of the time that there is. */
const WARNED_BEFORE_MS = 300_000;
/** A renewal that cannot be made now is tried again so soon. */
const AGAIN_MS = 2_000;
/** The longest that a timer waits. */
const LONGEST_MS = 2 ** 31 - 1;

export class StillThere {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #granted_ms = 0;
  #tried_ms = 0;
  readonly #http: HttpClient;
  readonly #use: Use;
  readonly #ask: (end_ms: number | null) => void;

  /** `ask` is called with when the session ends, and with null once somebody is there or it has ended. */
  constructor(http: HttpClient, use: Use, ask: (end_ms: number | null) => void) {
    this.#http = http;
    this.#use = use;
    this.#ask = ask;
  }

  /** Looks until the returned function is called. */
  begin(): () => void {
    this.#http.onGrant = () => this.#granted();
    this.#use.onUse = () => this.#asking && this.#renew();
    this.#granted();
    return () => {
      clearTimeout(this.#timer);
      this.#http.onGrant = () => undefined;
      this.#use.onUse = () => undefined;
    };
  }

  #granted(): void {
    clearTimeout(this.#timer);
    const end_ms = this.#http.sessionEnd_ms;
    this.#granted_ms = Date.now();
    const wait_ms = end_ms === null ? 0 : end_ms - this.#before_ms(end_ms) - Date.now();
    if (end_ms === null || wait_ms <= 0) this.#say(end_ms);
    else {
      this.#say(null);
      this.#timer = setTimeout(() => this.#look(end_ms), Math.min(wait_ms, LONGEST_MS));
    }
  }

  #before_ms(end_ms: number): number {
    return Math.min(WARNED_BEFORE_MS, (end_ms - this.#use.at_ms) / 4);
  }

  /** What was done since the last renewal the server does not know yet. */
  #look(end_ms: number): void {
    if (this.#use.at_ms > this.#granted_ms) this.#renew();
    else this.#say(end_ms);
  }

  #renew(): void {
    if (Date.now() - this.#tried_ms < AGAIN_MS) return;
    this.#tried_ms = Date.now();
    void this.#http.refresh().catch(() => undefined);
  }

  #say(end_ms: number | null): void {
    if (end_ms === null && !this.#asking) return;
    this.#asking = end_ms !== null;
    this.#ask(end_ms);
  }
}
