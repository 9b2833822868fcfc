import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventSession } from "../../analytics/event_session";
import type { SaidEvent } from "../../analytics/events";
import { WatchTeller } from "./watch_teller";

/** A video that does as it is told. */
class Video extends EventTarget {
  currentTime = 0;
  paused = true;
  ended = false;
  seeking = false;
  playbackRate = 1;
  videoHeight = 0;
  played = { length: 0, start: () => 0, end: () => 0 };

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
    this.currentTime = to_s;
    this.tell("seeking", "seeked");
  }
}

describe("jumps that are told", () => {
  let video: Video;
  let said: SaidEvent[];
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    video = new Video();
    said = [];
    const session = { say: (one: SaidEvent) => said.push(one), flush: vi.fn(), end: vi.fn() };
    stop = new WatchTeller("r", video as never, session as unknown as EventSession).start();
    video.play();
    video.goOn(8);
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  const jumps = () =>
    said
      .filter((one) => one.event_type === "seeked")
      .map(({ metadata, position }) => [metadata?.from, position]);

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
});
