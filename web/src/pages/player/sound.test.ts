import { beforeEach, describe, expect, it, vi } from "vitest";
import { Sound } from "./sound";

describe("how loud a video is wanted", () => {
  let video: { volume: number; muted: boolean };
  let sound: Sound;
  beforeEach(() => {
    video = { volume: 1, muted: false };
    sound = new Sound({ current: video });
  });

  it("is how loud it is, which the browser may change too", () => {
    sound.want({ volume: 0.4, muted: false });
    expect(video).toEqual({ volume: 0.4, muted: false });
    video.muted = true;
    expect(sound.wanted()).toEqual({ volume: 0.4, muted: true });
  });

  it("is kept while something else is heard in its place", () => {
    sound.silence(true);
    expect(video.muted).toBe(true);
    expect(sound.wanted()).toEqual({ volume: 1, muted: false });
    sound.want({ muted: true });
    sound.want({ volume: 0.5, muted: false });
    expect(video).toEqual({ volume: 0.5, muted: true });
    sound.silence(false);
    expect(video).toEqual({ volume: 0.5, muted: false });
  });

  it("is silence afterwards, too, where that was wanted meanwhile or before", () => {
    video.muted = true;
    sound.silence(true);
    expect(sound.wanted().muted).toBe(true);
    sound.silence(false);
    expect(video.muted).toBe(true);
  });

  it("is told of where the video has nothing to tell", () => {
    const changed = vi.fn();
    sound.onChange = changed;
    sound.silence(true);
    sound.want({ muted: true });
    expect(changed).toHaveBeenCalledOnce();
  });
});
