import { beforeEach, describe, expect, it, vi } from "vitest";

/** What hls.js does to the element that it is attached to: taken off it, that is empty and stands at 0. */
const { FakeHls } = vi.hoisted(() => {
  const policy = { default: { errorRetry: { maxNumRetry: 1 } } };
  class FakeHls {
    static last: FakeHls;
    static Events = {
      MANIFEST_LOADED: "manifest",
      MANIFEST_PARSED: "parsed",
      LEVEL_LOADED: "level",
      FRAG_LOADED: "frag",
      ERROR: "error",
    };
    static DefaultConfig = { manifestLoadPolicy: policy, playlistLoadPolicy: policy, fragLoadPolicy: policy };
    static ErrorTypes = { MEDIA_ERROR: "media", NETWORK_ERROR: "network" };
    static isSupported = () => true;
    video: Record<string, unknown> = {};
    recoveries = 0;
    fail: (event: string, data: object) => void = () => undefined;
    loadSource = () => undefined;
    constructor() {
      FakeHls.last = this;
    }
    on(name: string, listener: (event: string, data: object) => void): void {
      if (name === "error") this.fail = listener;
    }
    attachMedia(video: Record<string, unknown>): void {
      this.video = video;
    }
    destroy(): void {
      Object.assign(this.video, { currentTime: 0, readyState: 0, paused: true });
    }
    recoverMediaError(): void {
      this.recoveries += 1;
      this.destroy();
    }
  }
  return { FakeHls };
});
vi.mock("hls.js", () => ({ default: FakeHls }));

import { attachSource } from "./source";

class Video extends EventTarget {
  currentTime = 0;
  readyState = 0;
  paused = true;
  async play(): Promise<void> {
    this.paused = false;
  }
}

describe("what has failed for good", () => {
  let video: Video;
  const onFailure = vi.fn();
  const failed = () => FakeHls.last.fail("error", { fatal: true, type: "media" });

  beforeEach(() => {
    onFailure.mockClear();
    video = new Video();
    const options = {
      url: "/a.m3u8",
      start_s: 7,
      catchesUp: false,
      renew: async () => undefined,
      onQualities: () => undefined,
      onFailure,
      onMore: () => undefined,
    };
    attachSource(video as unknown as HTMLVideoElement, options);
  });

  it("says where it stood, although nothing stands there any more", () => {
    Object.assign(video, { currentTime: 61.5, readyState: 4, paused: false });
    for (let time = 0; time < 3; time += 1) failed();
    expect(FakeHls.last.recoveries).toBe(3);
    expect(video.paused, "what played goes on when it is recovered").toBe(false);
    expect(onFailure).not.toHaveBeenCalled();
    failed();
    expect(video.currentTime).toBe(0);
    expect(onFailure).toHaveBeenCalledWith(expect.anything(), { at_s: 61.5, plays: true });
  });

  it("is not what fails now and then", () => {
    vi.useFakeTimers();
    for (let time = 0; time < 6; time += 1) {
      failed();
      vi.advanceTimersByTime(60_000);
    }
    vi.useRealTimers();
    expect(FakeHls.last.recoveries).toBe(6);
    expect(onFailure).not.toHaveBeenCalled();
  });

  it("stood where it was to begin, if it never came to anything", () => {
    for (let time = 0; time < 4; time += 1) failed();
    expect(onFailure).toHaveBeenCalledWith(expect.anything(), { at_s: 7, plays: false });
  });
});
