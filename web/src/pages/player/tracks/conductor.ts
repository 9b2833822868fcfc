/** Tells all followers where the program is: often, and at once when it does something else. */
import type { Follower } from "./follower";
import type { Leader } from "./steering";

const EVERY_MS = 100;
const EVENTS = ["play", "pause", "playing", "waiting", "seeking", "seeked", "ratechange", "ended"] as const;

export function leaderOf(program: HTMLMediaElement): Leader {
  const { currentTime, paused, ended, seeking, readyState, playbackRate } = program;
  const moves = !paused && !ended && !seeking && readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  return { time_s: currentTime, moves, rate: playbackRate };
}

export class Conductor {
  readonly #followers = new Set<Follower>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly program: HTMLMediaElement) {}

  /** Gives what ends it. */
  add(follower: Follower): () => void {
    if (this.#followers.size === 0) this.#start();
    this.#followers.add(follower);
    follower.follow(leaderOf(this.program));
    return () => {
      this.#followers.delete(follower);
      follower.close();
      if (this.#followers.size === 0) this.#stop();
    };
  }

  readonly #tell = () => {
    for (const follower of this.#followers) follower.follow(leaderOf(this.program));
  };

  #start(): void {
    this.#timer = setInterval(this.#tell, EVERY_MS);
    for (const name of EVENTS) this.program.addEventListener(name, this.#tell);
  }

  #stop(): void {
    clearInterval(this.#timer);
    for (const name of EVENTS) this.program.removeEventListener(name, this.#tell);
  }
}
