/** What of a recording is being played: stretches without a jump, at one speed. */
import type { PlayedSegment } from "../../api/recordings";

/** Between two looks at a video that plays, at most so many seconds of the clock pass; more is a jump. */
const LOOK_S = 2;
/** A player that jumps about more often has nothing worth telling. */
const MAX_SEGMENTS = 100;

export class Played {
  #closed: PlayedSegment[] = [];
  #open: PlayedSegment | null = null;
  #looked_ms = 0;

  /** The video plays, and stands here. */
  at(position_s: number, rate: number, now_ms: number): void {
    const open = this.#open;
    const step = open ? position_s - open.end : -1;
    if (open && rate === open.rate && step >= 0 && step <= LOOK_S * rate) open.end = position_s;
    else {
      this.cut();
      this.#open = { start: position_s, end: position_s, rate };
    }
    this.#looked_ms = now_ms;
  }

  /** It stops here, or goes on at another speed. */
  stop(position_s: number): void {
    const open = this.#open;
    if (open && position_s > open.end && position_s - open.end <= LOOK_S * open.rate) open.end = position_s;
    this.cut();
  }

  /**
   * It jumps away; says from where, null where it did not play. Browsers tell of a jump when it is over: how far it
   * had played since the last look is among the ranges that the element has `played`, no faster than the clock.
   */
  jump(ranges: TimeRanges, now_ms: number): number | null {
    const open = this.#open;
    if (!open) return null;
    const most_s = open.end + (Math.max(0, now_ms - this.#looked_ms) / 1000) * open.rate;
    for (let index = 0; index < ranges.length; index += 1) {
      const end_s = Math.min(ranges.end(index), most_s);
      if (ranges.start(index) <= open.end && end_s > open.end) open.end = end_s;
    }
    const from_s = open.end;
    this.cut();
    return from_s;
  }

  /** What follows is another stretch. */
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
}

const milliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000;

const rounded = ({ start, end, rate }: PlayedSegment): PlayedSegment => ({
  start: milliseconds(start),
  end: milliseconds(end),
  rate,
});
