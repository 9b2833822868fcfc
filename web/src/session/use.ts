/**
 * When somebody last used these pages, in whichever tab of this browser: the server ends sessions that nobody uses,
 * and a page that is open renews its own by itself.
 */
import type { Used } from "../api/http";
import { Moment } from "../moment";
import { hearRemembered, remember } from "../storage";

/** What people do. Pictures and sound that play (`timeupdate`) are use too: who watches does nothing else. */
const ACTS = ["pointerdown", "pointermove", "click", "keydown", "wheel", "touchmove", "timeupdate"];
/** Under which the time is kept, for other tabs to hear of it. */
export const KEY = "vtp.used";
/** Other tabs are told this often at most. */
const TOLD_EVERY_MS = 5_000;

export class Use implements Used {
  #last = new Moment(Date.now());
  #told_ms = 0;
  readonly #isSignedIn: () => boolean;

  /** Called at each use, here or in another tab. */
  onUse: () => void = () => undefined;

  /** Nothing is kept in the browser of who is not signed in. */
  constructor(isSignedIn: () => boolean) {
    this.#isSignedIn = isSignedIn;
  }

  get at_ms(): number {
    return this.#last.at_ms;
  }

  /** Leaves nothing in the browser of who has signed out. */
  forget(): void {
    this.#told_ms = 0;
    remember(KEY, null);
  }

  note = (): void => {
    const now_ms = Date.now();
    this.#last = new Moment(now_ms);
    if (Math.abs(now_ms - this.#told_ms) >= TOLD_EVERY_MS && this.#isSignedIn()) {
      this.#told_ms = now_ms;
      remember(KEY, String(now_ms));
    }
    this.onUse();
  };

  /** Looks until the returned function is called. */
  begin(): () => void {
    const deaf = hearRemembered(KEY, this.#hear);
    for (const act of ACTS) window.addEventListener(act, this.#see, { capture: true, passive: true });
    return () => {
      for (const act of ACTS) window.removeEventListener(act, this.#see, { capture: true });
      deaf();
    };
  }

  /** Browsers tell of a pointer that lies still when what is under it has moved. */
  #see = (event: Event): void => {
    const { movementX, movementY } = event as Partial<MouseEvent>;
    if (event.type === "pointermove" && movementX === 0 && movementY === 0) return;
    this.note();
  };

  #hear = (value: string): void => {
    const at_ms = Math.min(Number(value), Date.now());
    if (!(at_ms > this.at_ms)) return;
    this.#last = new Moment(at_ms);
    this.onUse();
  };
}
