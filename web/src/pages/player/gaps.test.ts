import { describe, expect, it, vi } from "vitest";
import type { EventSession } from "../../analytics/event_session";
import { goOnBehindGaps, isGoingOn } from "./gaps";
import { WatchTeller } from "./watch_teller";

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

  it("is none where it is as short as rounded times leave it", () => {
    const video = new Video([0, 2], [2.05, 9]);
    goOnBehindGaps(video);
    video.play(1.9, 2.2, 2.5);
    expect(video.sought).toEqual([]);
  });

  it("is told as no seek of a person, and a seek meanwhile is", () => {
    const video = new Video([0, 2], [4, 9]);
    const told: boolean[] = [];
    video.addEventListener("seeking", () => told.push(isGoingOn(video)));
    goOnBehindGaps(video);
    video.play(1.9, 4.2);
    expect(told).toEqual([true]);
    video.currentTime = 8;
    expect(told).toEqual([true, false]);
    video.currentTime = 4.2;
    video.dispatchEvent(new Event("seeked"));
    video.currentTime = 4.2;
    expect(told.at(-1), "that one is over").toBe(false);
  });

  it("is no seek in what is told of who watches", () => {
    const video = Object.assign(new Video([0, 2], [4, 9]), {
      paused: false,
      playbackRate: 1,
      videoHeight: 0,
    });
    const said: string[] = [];
    const say = ({ event_type }: { event_type: string }) => said.push(event_type);
    const session = { say, flush: vi.fn(), end: vi.fn() } as unknown as EventSession;
    const stop = new WatchTeller(
      "r",
      Object.assign(video, { played: video.buffered }) as never,
      session,
    ).start();
    goOnBehindGaps(video);
    video.dispatchEvent(new Event("playing"));
    video.play(1.9, 4.2);
    video.dispatchEvent(new Event("seeked"));
    stop();
    expect(video.sought).toEqual([4.2]);
    expect(said).toEqual(["started", "stopped"]);
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
