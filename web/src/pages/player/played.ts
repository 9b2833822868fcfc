/** What of a recording is being played: stretches without a jump, at one speed. */
import type { PlayedSegment } from "../../api/recordings";

/** Between two looks at a video that plays, at most so many seconds of the clock pass; more is a jump. */
const LOOK_S = 2;
/** A report takes so many; a player that jumps about more often has nothing worth telling. */
const MAX_SEGMENTS = 100;

export class Played {
  #closed: PlayedSegment[] = [];
  #open: PlayedSegment | null = null;

  /** The video plays, and stands here. */
  at(position_s: number, rate: number): void {
    const open = this.#open;
    const step = open ? position_s - open.end : -1;
    if (open && rate === open.rate && step >= 0 && step <= LOOK_S * rate) open.end = position_s;
    else {
      this.cut();
      this.#open = { start: position_s, end: position_s, rate };
    }
  }

  /** It stops, jumps, or changes its speed. */
  cut(): void {
    if (this.#open && this.#open.end > this.#open.start) this.#closed.push(this.#open);
    this.#open = null;
    if (this.#closed.length > MAX_SEGMENTS) this.#closed.shift();
  }

  /** What was played since this was asked last. */
  take(): PlayedSegment[] {
    const open = this.#open;
    this.cut();
    if (open) this.#open = { ...open, start: open.end };
    const taken = this.#closed.map(rounded);
    this.#closed = [];
    return taken.filter(({ start, end }) => end > start);
  }

  /** What could not be told is told with the next. */
  putBack(segments: PlayedSegment[]): void {
    this.#closed = [...segments, ...this.#closed].slice(-MAX_SEGMENTS);
  }
}

const milliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000;

const rounded = ({ start, end, rate }: PlayedSegment): PlayedSegment => ({
  start: milliseconds(start),
  end: milliseconds(end),
  rate,
});
