/** One place's player: shows or plays what there is of it at the program's time, and nothing where there is nothing. */
import { nextStretch, type Stretch, stretchAt } from "./places";
import { isInStep, type Leader, type Limits, steer } from "./steering";

/** `absent`: nothing was sent then. `loading`: it is not there yet. `failed`: it is tried again. */
export type FollowerState = "absent" | "loading" | "shown" | "failed";

/** Plays a track in an element from a time of its own on; gives what ends that. `failed` when it does not work any more. */
export type OpenTrack = (
  element: HTMLMediaElement,
  track: string,
  start_s: number,
  failed: () => void,
) => () => void;

export interface FollowerOptions {
  stretches: readonly Stretch[];
  limits: Limits;
  open: OpenTrack;
  onState: (state: FollowerState) => void;
  /** The browser plays no sound that nobody has asked for. */
  onBlocked?: () => void;
  now_ms?: () => number;
}

/** What comes within so many seconds is made ready. */
const PREPARE_S = 4;
const AGAIN_AFTER_MS = 4_000;
/** It is not said to be late before it has been for so long: a browser that is busy for a moment is no news. */
const LATE_AFTER_MS = 400;
const MAX_AHEAD_S = 1;

export class Follower {
  #opened: { track: string; close: () => void } | null = null;
  #state: FollowerState = "absent";
  #failedAt_ms = Number.NEGATIVE_INFINITY;
  #jumpedAt_ms = Number.NEGATIVE_INFINITY;
  #inStepAt_ms = Number.NEGATIVE_INFINITY;
  /** How long it took to come to a place while the program went on. */
  #jumpTakes_s = 0;
  #landing = false;
  readonly #now_ms: () => number;

  constructor(
    private readonly element: HTMLMediaElement,
    private readonly options: FollowerOptions,
  ) {
    this.#now_ms = options.now_ms ?? (() => performance.now());
    element.addEventListener("seeked", this.#landed);
  }

  /** To be called often, and whenever the program does something else. */
  follow(leader: Leader): void {
    const { stretches } = this.options;
    const here = stretchAt(stretches, leader.time_s);
    if (here) this.#show(here, leader);
    else this.#leaveEmpty(nextStretch(stretches, leader.time_s, PREPARE_S * leader.rate), leader);
  }

  close(): void {
    this.element.removeEventListener("seeked", this.#landed);
    this.#detach();
  }

  readonly #landed = () => {
    if (!this.#landing) return;
    this.#landing = false;
    this.#jumpTakes_s = Math.min(MAX_AHEAD_S, (this.#now_ms() - this.#jumpedAt_ms) / 1000);
  };

  #leaveEmpty(next: Stretch | undefined, leader: Leader): void {
    this.element.pause();
    this.#tell("absent");
    if (!next) return;
    this.#attach(next, next.from_s, leader.rate);
    const start_s = next.from_s - next.zero_s;
    const { readyState, seeking, currentTime } = this.element;
    if (readyState > 0 && !seeking && Math.abs(currentTime - start_s) > 0.01)
      this.element.currentTime = start_s;
  }

  #show(here: Stretch, leader: Leader): void {
    const { element } = this;
    if (!this.#attach(here, leader.time_s, leader.rate)) return;
    if (element.readyState === HTMLMediaElement.HAVE_NOTHING) {
      this.#tell("loading");
      return;
    }
    const now_ms = this.#now_ms();
    const wanted_s = leader.time_s - here.zero_s;
    const off_s = element.currentTime - wanted_s;
    const sinceJump_s = (now_ms - this.#jumpedAt_ms) / 1000;
    const { plays, rate, jumps } = steer(
      leader,
      { off_s, seeking: element.seeking, sinceJump_s },
      this.options.limits,
    );
    if (Math.abs(element.playbackRate - rate) > 0.001) element.playbackRate = rate;
    if (jumps) this.#jump(wanted_s, here, leader, now_ms);
    if (!plays) element.pause();
    else if (element.paused) this.#play();
    this.#judge(off_s, leader, now_ms);
  }

  #jump(wanted_s: number, here: Stretch, leader: Leader, now_ms: number): void {
    const ahead_s = leader.moves ? this.#jumpTakes_s * leader.rate : 0;
    this.#landing = leader.moves;
    this.#jumpedAt_ms = now_ms;
    this.element.currentTime = Math.min(wanted_s + ahead_s, here.to_s - here.zero_s);
  }

  #judge(off_s: number, leader: Leader, now_ms: number): void {
    const { readyState, seeking } = this.element;
    const has = readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && !seeking;
    if (has && (isInStep(off_s, this.options.limits) || !leader.moves)) {
      this.#inStepAt_ms = now_ms;
      this.#tell("shown");
    } else if (now_ms - this.#inStepAt_ms > LATE_AFTER_MS) this.#tell("loading");
  }

  #play(): void {
    this.element.play().catch((error: unknown) => {
      if (error instanceof Error && error.name === "NotAllowedError") this.options.onBlocked?.();
    });
  }

  /** Opens a stretch's track if it is not; false while it rests after a failure. */
  #attach({ track, zero_s }: Stretch, time_s: number, rate: number): boolean {
    if (this.#opened?.track === track) return true;
    if (this.#now_ms() - this.#failedAt_ms < AGAIN_AFTER_MS) return false;
    this.#detach();
    const failed = () => {
      this.#failedAt_ms = this.#now_ms();
      this.#detach();
      this.#tell("failed");
    };
    this.#opened = { track, close: this.options.open(this.element, track, time_s - zero_s, failed) };
    this.element.playbackRate = rate;
    return true;
  }

  #detach(): void {
    const opened = this.#opened;
    this.#opened = null;
    this.#inStepAt_ms = Number.NEGATIVE_INFINITY;
    opened?.close();
  }

  #tell(state: FollowerState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.options.onState(state);
  }
}
