/** Asks in time whether somebody is there, before a session ends that nobody uses; and says when it ends anyhow. */
import type { HttpClient } from "../api/http";
import { toWait_ms } from "../api/problem";
import { Moment } from "../moment";
import { hearRemembered, remember, remembered } from "../storage";
import type { Use } from "./use";

/** So long before the end; of one without use, no more than a quarter of the time that there is. */
const WARNED_BEFORE_MS = 300_000;
/** A renewal that cannot be made now is tried again so soon, unless the server says when. */
const AGAIN_MS = 2_000;
/** After so long without an answer to a renewal somebody is told. It goes on: the answer may come yet. */
const UNANSWERED_MS = 6_000;
/** The longest that a timer waits: it stands still while the machine sleeps, and clocks are set. */
const LONGEST_MS = 30_000;
/** The server tells times in whole seconds: two that are nearer are the same. */
const WHOLE_MS = 1_000;
/** Nothing is known of the time of another sign-in: within seconds it is the same, rounding and delays apart. */
const SAME_MS = 10_000;
/** Under which the end is kept that somebody has heard of, for other tabs to be silent of it. */
export const HEARD = "vtp.heard_end";

/** When a session ends; `final`: though somebody uses it. `away`: the server could not be told that somebody does. */
export interface End {
  end_ms: number;
  final: boolean;
  away?: true;
}

/** What the server has said of both ends, and what is known of use. */
interface Known {
  /** The end that comes first. */
  end_ms: number;
  /** When it ends however it is used, where that is known. */
  limit_ms: number;
  /** `end_ms` is that: no use moves it. */
  final: boolean;
  /** From when on somebody is told. */
  warned_ms: number;
  /** How long the session lasts without use, as far as it is not `final`. */
  term_ms: number;
  /** The last use, where the server knows of none as late. */
  untold_ms: number | null;
}

export class StillThere {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #said: End | null = null;
  #renewing = false;
  /** No renewal is made before, by the clock that is never set. */
  #next_ticks = 0;
  /** The final end that somebody has been told of, here or in another tab, and has heard. */
  #heard = new Moment(0);
  /** Somebody knows that the server cannot be told; until it could be. */
  #knowsAway = false;
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
    this.#http.onGrant = () => {
      if (!this.#http.signedIn) this.#forget();
      this.#knowsAway = false;
      this.#next_ticks = 0;
      this.#look();
    };
    this.#use.onUse = () => {
      const known = this.#know();
      if (known && (isToBeTold(known) || Date.now() >= known.warned_ms)) this.#look();
    };
    const deaf = hearRemembered(HEARD, (value) => {
      this.#heard = new Moment(Number(value));
      this.#look();
    });
    this.#heard = new Moment(Number(remembered(HEARD)));
    this.#look();
    return () => {
      clearTimeout(this.#timer);
      deaf();
      this.#http.onGrant = () => undefined;
      this.#use.onUse = () => undefined;
    };
  }

  /**
   * Somebody has read `end`, if that is what is said still, and is not told again: when the session ends anyhow, in no
   * tab; that the server could not be told, here.
   */
  heard(end: End | null = this.#said): void {
    if (end === null || end !== this.#said) return;
    if (end.final) {
      this.#heard = new Moment(end.end_ms);
      remember(HEARD, String(end.end_ms));
    } else if (end.away) this.#knowsAway = true;
    else return;
    this.#say(null);
  }

  /** Leaves nothing in the browser of who has signed out. */
  #forget(): void {
    this.#use.forget();
    remember(HEARD, null);
  }

  /** Null while there is no session, or its end is not known. */
  #know(): Known | null {
    const { sessionEnd_ms: end_ms, sessionLimit_ms, toldUse_ms } = this.#http;
    if (end_ms === null) return null;
    const limit_ms = sessionLimit_ms ?? Number.POSITIVE_INFINITY;
    const final = limit_ms - end_ms < WHOLE_MS;
    const term_ms = end_ms - toldUse_ms;
    const warned_ms = end_ms - (final ? WARNED_BEFORE_MS : Math.min(WARNED_BEFORE_MS, term_ms / 4));
    const used_ms = this.#use.at_ms;
    const untold_ms = used_ms > toldUse_ms ? used_ms : null;
    return { end_ms, limit_ms, final, warned_ms, term_ms, untold_ms };
  }

  #look(): void {
    const known = this.#know();
    if (known === null) {
      clearTimeout(this.#timer);
      this.#say(null);
      return;
    }
    const now_ms = Date.now();
    const { end_ms, limit_ms, final, warned_ms } = known;
    // Who slept through it, or their machine, is asked nothing: the server knows whether it has ended.
    const isOver = now_ms >= end_ms;
    if (isOver) this.#say(null);
    if (isOver || isToBeTold(known)) void this.#renew();
    else if (now_ms < warned_ms) this.#say(null);
    else this.#say(final && Math.abs(this.#heard.at_ms - end_ms) < SAME_MS ? null : { end_ms, final });
    const waits_ms = [end_ms, warned_ms, limit_ms - WARNED_BEFORE_MS].map((at_ms) => at_ms - now_ms);
    this.#wait([...waits_ms, this.#next_ticks - performance.now()]);
  }

  /** Looks again after the shortest of these that is to come. */
  #wait(waits_ms: number[]): void {
    clearTimeout(this.#timer);
    const wait_ms = Math.min(LONGEST_MS, ...waits_ms.filter((one_ms) => one_ms > 0));
    this.#timer = setTimeout(() => this.#look(), Math.ceil(wait_ms));
  }

  /** Tells of the last use; what was done during a renewal, by another that is made at once. */
  async #renew(): Promise<void> {
    if (this.#renewing || performance.now() < this.#next_ticks) return;
    this.#renewing = true;
    const unanswered = setTimeout(() => this.#sayAway(), UNANSWERED_MS);
    try {
      const used_ms = this.#use.at_ms;
      await this.#http.refresh();
      if (this.#http.signedIn && this.#http.toldUse_ms < used_ms) await this.#http.refresh();
      const end_ms = this.#http.sessionEnd_ms;
      if (end_ms !== null && Date.now() >= end_ms - WHOLE_MS) this.#pause(AGAIN_MS);
    } catch (error) {
      this.#pause(Math.max(AGAIN_MS, toWait_ms(error)));
      this.#sayAway();
    }
    clearTimeout(unanswered);
    this.#renewing = false;
    this.#look();
  }

  #pause(wait_ms: number): void {
    this.#next_ticks = performance.now() + wait_ms;
  }

  /** To who waits for an answer, and to who works on, for whom it may be too late. */
  #sayAway(): void {
    const known = this.#know();
    const now_ms = Date.now();
    if (known === null || this.#knowsAway || now_ms < known.warned_ms || now_ms >= known.end_ms) return;
    if (isToBeTold(known)) this.#say({ end_ms: known.end_ms, final: false, away: true });
  }

  #say(end: End | null): void {
    const said = this.#said;
    if (end?.end_ms === said?.end_ms && end?.final === said?.final && end?.away === said?.away) return;
    this.#said = end;
    this.#ask(end);
  }
}

/** Whether a renewal would change now what somebody is told: by what they have done the session lasts longer. */
function isToBeTold({ limit_ms, final, warned_ms, term_ms, untold_ms }: Known): boolean {
  if (final || untold_ms === null) return false;
  const now_ms = Date.now();
  if (now_ms >= warned_ms) return true;
  // The other end comes first by it, and is near: what the server would have rounded down waits for the next use.
  return now_ms >= limit_ms - WARNED_BEFORE_MS && untold_ms + term_ms >= limit_ms + 2 * WHOLE_MS;
}
