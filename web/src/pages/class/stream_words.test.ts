import { describe, expect, test } from "vitest";
import type { LiveStream } from "../../api/streams";
import { limitsWith, limitWords, qualityWords, viewersWords } from "./stream_words";

const STREAM: LiveStream = {
  stream_id: "s1",
  recording_id: null,
  status: "live",
  wanted: true,
  max_viewers: 0,
  active_viewers: 1,
  peak_viewers: 14,
  total_bytes_served: 2_500_000,
  qualities: [],
};

describe("the live stream in words", () => {
  test("viewers now and at most, and what was sent", () => {
    expect(viewersWords(STREAM)).toBe("1 viewer now, at most 14 at the same time. 2.5 MB were sent.");
    expect(viewersWords({ ...STREAM, active_viewers: 0, peak_viewers: 0 })).toBe("Nobody has watched yet.");
  });

  test("qualities that somebody watches now, the most watched first; what is no picture is sound", () => {
    const of = (track: string, quality: string, viewers: number) => ({ track, quality, viewers, bytes: 1 });
    const qualities = [of("audio", "audio", 2), of("video", "720p", 11), of("layer1", "360p", 0)];
    expect(qualityWords({ ...STREAM, qualities })).toBe("720p: 11, sound alone: 2");
    expect(qualityWords(STREAM)).toBe("");
  });

  test("a limit that was set otherwise is among those to choose from, in its place", () => {
    expect(limitsWith(300)).toEqual([0, 50, 100, 250, 300, 500, 1000, 5000]);
    expect(limitsWith(100)).toEqual([0, 50, 100, 250, 500, 1000, 5000]);
    expect([limitWords(0), limitWords(50)]).toEqual(["Any number", "50 at a time"]);
  });
});
