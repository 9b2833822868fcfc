import { describe, expect, it } from "vitest";
import { goOnBehindGaps } from "./gaps";

/** A video that has these ranges, and where it was sent. */
class Video extends EventTarget {
  sought: number[] = [];
  #ranges: [number, number][];
  #time_s = 0;

  constructor(...ranges: [number, number][]) {
    super();
    this.#ranges = ranges;
  }

  get buffered(): TimeRanges {
    const at = (index: number) => this.#ranges[index] ?? [0, 0];
    return { length: this.#ranges.length, start: (index) => at(index)[0], end: (index) => at(index)[1] };
  }

  get currentTime(): number {
    return this.#time_s;
  }

  set currentTime(time_s: number) {
    this.#time_s = time_s;
    this.sought.push(time_s);
    this.dispatchEvent(new Event("seeking"));
  }

  play(...times_s: number[]): void {
    for (const time_s of times_s) {
      this.#time_s = time_s;
      this.dispatchEvent(new Event("timeupdate"));
    }
  }
}

describe("a gap of the picture", () => {
  it("is left by a seek to where it ends, once", () => {
    const video = new Video([0, 2], [4, 9]);
    goOnBehindGaps(video);
    video.play(1.5, 1.9, 2.4, 3.9, 4.1, 4.4, 5);
    expect(video.sought).toEqual([4.1]);
  });

  it("is seen also where no time in it was told", () => {
    const video = new Video([0, 2], [4, 9]);
    goOnBehindGaps(video);
    video.play(1.9, 4.2, 4.5);
    expect(video.sought).toEqual([4.2]);
  });

  it("that somebody has sought over is none", () => {
    const video = new Video([0, 2], [4, 9]);
    goOnBehindGaps(video);
    video.play(1.5);
    video.currentTime = 6;
    video.play(6.1, 6.5);
    expect(video.sought).toEqual([6]);
  });

  it("is looked for until the video is given back", () => {
    const video = new Video([0, 2], [4, 9]);
    goOnBehindGaps(video)();
    video.play(1.5, 4.5);
    expect(video.sought).toEqual([]);
  });
});
