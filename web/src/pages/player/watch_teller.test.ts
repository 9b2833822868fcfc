import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventSession } from "../../analytics/event_session";
import type { SaidEvent } from "../../analytics/events";
import { WatchTeller } from "./watch_teller";

const NO_RANGES = { length: 0, start: () => 0, end: () => 0 } as TimeRanges;

class Video extends EventTarget {
  readyState = 4;
  currentTime = 0;
  playbackRate = 1;
  videoHeight = 0;
  paused = true;
  seeking = false;
  ended = false;
  played = NO_RANGES;
  buffered = NO_RANGES;

  tell(...names: string[]): void {
    for (const name of names) this.dispatchEvent(new Event(name));
  }

  /** It plays from where it is, for so many seconds. */
  async play(seconds: number): Promise<void> {
    this.paused = false;
    this.tell("play", "playing", "timeupdate");
    for (let step = 0; step < seconds * 4; step += 1) {
      await vi.advanceTimersByTimeAsync(250);
      this.currentTime += 0.25;
      this.tell("timeupdate");
    }
  }

  async seek(to_s: number): Promise<void> {
    Object.assign(this, { currentTime: to_s, seeking: true });
    this.tell("seeking");
    this.seeking = false;
    this.tell("seeked", "timeupdate");
    await vi.advanceTimersByTimeAsync(1_000);
  }

  /** As hls.js leaves it when it is destroyed. */
  empty(): void {
    Object.assign(this, { readyState: 0, currentTime: 0, paused: true });
    this.tell("emptied", "timeupdate");
  }
}

describe("what is told of watching", () => {
  let video: Video;
  let said: SaidEvent[];
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    video = new Video();
    said = [];
    const session = {
      stuck: false,
      say: (event: SaidEvent) => said.push(event),
      flush: async () => undefined,
    };
    stop = new WatchTeller(
      "r",
      video as unknown as HTMLVideoElement,
      session as unknown as EventSession,
    ).start();
  });
  afterEach(() => {
    stop();
    vi.useRealTimers();
  });

  const told = (type: string) => said.filter((event) => event.event_type === type);

  it("is a seek, from where it stood, whether it played or not", async () => {
    await video.play(2);
    await video.seek(60);
    video.paused = true;
    video.tell("pause");
    await video.seek(90);
    expect(told("seeked").map(({ position, metadata }) => [metadata?.from, position])).toEqual([
      [2, 60],
      [60, 90],
    ]);
  });

  it("ends where the video stood, when the player has given up", async () => {
    await video.seek(60);
    await video.play(3);
    video.empty();
    stop();
    expect(told("stopped").map(({ position }) => position)).toEqual([63]);
  });

  it("goes on where it stood, without a seek, when it is attached anew", async () => {
    await video.seek(60);
    await video.play(3);
    video.empty();
    video.paused = false;
    video.tell("play");
    Object.assign(video, { readyState: 4 });
    video.tell("loadedmetadata", "timeupdate");
    await vi.advanceTimersByTimeAsync(20_000); // its line is slow
    await video.seek(63);
    await video.play(2);
    stop();
    expect(told("seeked")).toEqual([]);
    expect(told("stopped").map(({ position }) => position)).toEqual([65]);
    expect(told("progress").map(({ position }) => position)).toEqual([63, 63]);
    expect(said.flatMap(({ segments = [] }) => segments).every(({ start }) => start >= 60)).toBe(true);
  });
});
