import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventSession } from "../../analytics/event_session";
import type { SaidEvent } from "../../analytics/events";
import { WatchTeller } from "./watch_teller";

const NO_RANGES = { length: 0, start: () => 0, end: () => 0 } as TimeRanges;

/** A video that does as it is told. */
class Video extends EventTarget {
  readyState = 4;
  currentTime = 0;
  paused = true;
  ended = false;
  seeking = false;
  playbackRate = 1;
  videoHeight = 0;
  played = NO_RANGES;
  buffered = NO_RANGES;

  tell(...names: string[]): void {
    for (const name of names) this.dispatchEvent(new Event(name));
  }

  play(): void {
    this.paused = false;
    this.tell("play", "playing");
  }

  goOn(to_s: number): void {
    for (let at_s = this.currentTime; at_s < to_s; at_s = Math.min(to_s, at_s + 0.25)) {
      this.currentTime = at_s;
      this.tell("timeupdate");
    }
    this.currentTime = to_s;
    this.tell("timeupdate");
  }

  pause(): void {
    this.paused = true;
    this.tell("pause");
  }

  jump(to_s: number): void {
    Object.assign(this, { currentTime: to_s, seeking: true });
    this.tell("seeking");
    this.seeking = false;
    this.tell("seeked", "timeupdate");
  }

  /** As hls.js leaves it when it is destroyed. */
  empty(): void {
    Object.assign(this, { readyState: 0, currentTime: 0, paused: true });
    this.tell("emptied", "timeupdate");
  }

  /** It may be told to play, and knows how long it is, but not yet where it goes on. */
  attach({ plays } = { plays: true }): void {
    this.paused = !plays;
    if (plays) this.tell("play");
    this.readyState = 4;
    this.tell("loadedmetadata", "timeupdate");
  }
}

let video: Video;
let said: SaidEvent[];
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  video = new Video();
  said = [];
  const session = { stuck: false, say: (one: SaidEvent) => said.push(one), flush: vi.fn(), end: vi.fn() };
  stop = new WatchTeller("r", video as never, session as unknown as EventSession).start();
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const told = (type: string) => said.filter((one) => one.event_type === type);
const positions = (type: string) => told(type).map(({ position }) => position);
const jumps = () => told("seeked").map(({ metadata, position }) => [metadata?.from, position]);

describe("jumps that are told", () => {
  beforeEach(() => {
    video.play();
    video.goOn(8);
  });

  it("end where they led, though it has played on when they are told", () => {
    video.jump(300);
    video.goOn(300.5);
    vi.advanceTimersByTime(400);
    video.goOn(306);
    video.jump(305.9);
    video.goOn(306.3);
    vi.advanceTimersByTime(400);
    expect(jumps()).toEqual([
      [8, 300],
      [306, 305.9],
    ]);
    expect(said.at(-2)?.segments).toEqual([
      { start: 0, end: 8, rate: 1 },
      { start: 300, end: 300.5, rate: 1 },
    ]);
  });

  it("begin where it stood also while it is paused, or has just got another speed", () => {
    video.pause();
    video.jump(300);
    vi.advanceTimersByTime(400);
    video.jump(20);
    video.jump(30);
    vi.advanceTimersByTime(400);
    video.play();
    video.goOn(35);
    video.tell("ratechange");
    video.jump(10);
    vi.advanceTimersByTime(400);
    expect(jumps()).toEqual([
      [8, 300],
      [300, 30],
      [35, 10],
    ]);
  });

  it("begin and end where they did though the video is emptied before they are told", () => {
    video.jump(300);
    video.empty();
    video.attach();
    video.jump(300);
    video.play();
    video.goOn(302);
    vi.advanceTimersByTime(400);
    expect(jumps()).toEqual([[8, 300]]);
  });
});

describe("what is told of watching", () => {
  const seek = (to_s: number) => {
    video.jump(to_s);
    vi.advanceTimersByTime(1_000);
  };

  it("is a seek, from where it stood, whether it played or not", () => {
    video.play();
    video.goOn(2);
    seek(60);
    video.pause();
    seek(90);
    expect(jumps()).toEqual([
      [2, 60],
      [60, 90],
    ]);
  });

  it("ends where the video stood, when the player has given up", () => {
    seek(60);
    video.play();
    video.goOn(63);
    video.empty();
    stop();
    expect(positions("stopped")).toEqual([63]);
  });

  it("goes on where it stood, without a seek, when it is attached anew", () => {
    seek(60);
    video.play();
    video.goOn(63);
    video.empty();
    video.attach();
    vi.advanceTimersByTime(20_000); // its line is slow
    seek(63);
    video.play();
    video.goOn(65);
    stop();
    expect(told("seeked")).toEqual([]);
    expect(positions("stopped")).toEqual([65]);
    expect(positions("progress")).toEqual([63, 63]);
    expect(said.flatMap(({ segments = [] }) => segments).every(({ start }) => start >= 60)).toBe(true);
  });

  it("is a seek from where it stood, when it is attached anew elsewhere", () => {
    seek(60);
    video.play();
    video.goOn(63);
    video.empty();
    video.tell("ratechange"); // it has its first speed again
    video.attach({ plays: false });
    seek(10);
    video.play();
    video.goOn(12);
    seek(11.8); // and one as short as this, once it stands again
    expect(jumps()).toEqual([
      [63, 10],
      [12, 11.8],
    ]);
  });
});
