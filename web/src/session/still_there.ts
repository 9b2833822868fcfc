/** Asks in time whether somebody is there, before a session ends that nobody uses; and says when it ends anyhow. */
import type { HttpClient } from "../api/http";
import type { Use } from "./use";

/** So long before the end; of one without use, no more than a quarter of the time that there is. */
const WARNED_BEFORE_MS = 300_000;
/** A renewal that cannot be made now is tried again so soon. */
const AGAIN_MS = 2_000;
/** The longest that a timer waits. */
const LONGEST_MS = 2 ** 31 - 1;

/** When a session ends; `final`: though somebody uses it. */
export interface End {
  end_ms: number;
  final: boolean;
}

export class StillThere {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #renewing = false;
  /** The end that somebody has been told of, and has heard. */
  #heard_ms = 0;
  readonly #http: HttpClient;
  readonly #use: Use;
  readonly #ask: (end: End | null) => void;

  /** `ask` is called with when the session ends, and with null once somebody is there or it has ended. */
  constructor(http: HttpClient, use: Use, ask: (end: End | null) => void) {
    this.#http = http;
    this.#use = use;
    this.#ask = ask;
  }

  /** Looks until the returned function is called. */
  begin(): () => void {
    this.#http.onGrant = () => this.#look();
    this.#use.onUse = () => this.#asking && !this.#isFinal() && void this.#renew();
    this.#look();
    return () => {
      clearTimeout(this.#timer);
      this.#http.onGrant = () => undefined;
      this.#use.onUse = () => undefined;
    };
  }

  /** Somebody has heard when the session ends anyhow, and is not told again. */
  heard(): void {
    if (!this.#isFinal()) return;
    this.#heard_ms = this.#http.sessionLimit_ms ?? 0;
    this.#look();
  }

  #isFinal(): boolean {
    const limit_ms = this.#http.sessionLimit_ms;
    return limit_ms !== null && Date.now() >= limit_ms - WARNED_BEFORE_MS;
  }

  #look(): void {
    clearTimeout(this.#timer);
    const { sessionEnd_ms: end_ms, sessionLimit_ms: limit_ms } = this.#http;
    if (end_ms === null) {
      if (!this.#http.signedIn) this.#use.forget();
      this.#say(null);
      return;
    }
    const now_ms = Date.now();
    if (now_ms >= end_ms) {
      // Who slept through it, or their machine, is asked nothing: the server knows whether it has ended.
      void this.#renew();
      return;
    }
    const untold = this.#use.at_ms > this.#http.toldUse_ms;
    const before_ms = Math.min(
      WARNED_BEFORE_MS,
      (end_ms - Math.min(this.#use.at_ms, this.#http.toldUse_ms)) / 4,
    );
    const moments = [end_ms, end_ms - before_ms];
    if (limit_ms !== null) moments.push(limit_ms - WARNED_BEFORE_MS);
    if (limit_ms !== null && this.#isFinal()) {
      // Rounding apart, nothing is known of the time of another sign-in: within seconds it is the same.
      const heard = Math.abs(this.#heard_ms - limit_ms) < 10_000;
      this.#say(heard ? null : { end_ms: limit_ms, final: true });
      if (untold && end_ms < limit_ms && now_ms >= end_ms - before_ms) void this.#renew();
    } else if (now_ms < end_ms - before_ms) this.#say(null);
    else if (untold) void this.#renew();
    else this.#say({ end_ms, final: false });
    const next_ms = Math.min(...moments.filter((moment_ms) => moment_ms > now_ms));
    this.#wait(next_ms - now_ms);
  }

  #wait(wait_ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(wait_ms, 1), LONGEST_MS));
  }

  /** Tells of the last use; what was done during a renewal, by another that is made at once. */
  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    try {
      const used_ms = this.#use.at_ms;
      await this.#http.refresh();
      if (this.#http.signedIn && this.#http.toldUse_ms < used_ms) await this.#http.refresh();
      this.#renewing = false;
      const end_ms = this.#http.sessionEnd_ms;
      if (end_ms !== null && Date.now() >= end_ms - 1_000) this.#wait(AGAIN_MS);
      else this.#look();
    } catch {
      this.#renewing = false;
      this.#wait(AGAIN_MS);
    }
  }

  #say(end: End | null): void {
    if (end === null && !this.#asking) return;
    this.#asking = end !== null;
    this.#ask(end);
  }
}
