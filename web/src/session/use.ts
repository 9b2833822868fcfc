/**
 * When somebody last used these pages, in whichever tab of this browser: the server ends sessions that nobody uses,
 * and a page that is open renews its own by itself.
 */
import type { Used } from "../api/http";

/** What people do. Pictures and sound that play (`timeupdate`) are use too: who watches does nothing else. */
const ACTS = ["pointerdown", "pointermove", "click", "keydown", "wheel", "touchmove", "timeupdate"];
const CHANNEL = "vtp-use";
/** Other tabs are told this often at most. */
const TOLD_EVERY_MS = 5_000;

export class Use implements Used {
  #at_ms = Date.now();
  #told_ms = 0;
  #channel: BroadcastChannel | null = null;

  /** Called at each use, here or in another tab. */
  onUse: () => void = () => undefined;

  get at_ms(): number {
    return this.#at_ms;
  }

  note = (): void => {
    const now_ms = Date.now();
    this.#at_ms = now_ms;
    if (now_ms - this.#told_ms >= TOLD_EVERY_MS) {
      this.#told_ms = now_ms;
      this.#channel?.postMessage(now_ms);
    }
    this.onUse();
  };

  /** Looks until the returned function is called. */
  begin(): () => void {
    const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
    this.#channel = channel;
    if (channel) channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(data);
    for (const act of ACTS) window.addEventListener(act, this.#see, { capture: true, passive: true });
    return () => {
      for (const act of ACTS) window.removeEventListener(act, this.#see, { capture: true });
      channel?.close();
      this.#channel = null;
    };
  }

  /** Browsers tell of a pointer that lies still when what is under it has moved. */
  #see = (event: Event): void => {
    const { movementX, movementY } = event as Partial<MouseEvent>;
    if (event.type === "pointermove" && movementX === 0 && movementY === 0) return;
    this.note();
  };

  #hear(at_ms: unknown): void {
    if (typeof at_ms !== "number" || !(at_ms > this.#at_ms)) return;
    this.#at_ms = Math.min(at_ms, Date.now());
    this.onUse();
  }
}
