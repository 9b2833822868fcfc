import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { StreamOffer } from "./protocol";
import { PAUSES_MS, STALL_MS, StreamFollower } from "./stream_follower";

const OFFER: StreamOffer = { stream_id: "s", url: "/live/algebra/master.m3u8", grant: "1.p.u~a!b.c+" };

function begin(ask: () => Promise<StreamOffer | null> = async () => OFFER, least_ms = 0) {
  const played: { url: string; over: () => void; stopped: boolean }[] = [];
  const asked = vi.fn(ask);
  const refused = vi.fn(() => least_ms);
  const follower = new StreamFollower({
    play: (url, over) => {
      const one = { url, over, stopped: false };
      played.push(one);
      return () => {
        one.stopped = true;
      };
    },
    ask: asked,
    refused,
  });
  follower.follow(OFFER);
  return { follower, played, asked, refused };
}

describe("following the stream of a class", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("plays with the grant in the address", () => {
    const { played } = begin();
    expect(played[0]?.url).toBe("/live/algebra/master.m3u8?grant=1.p.u~a!b.c%2B");
  });

  it("asks anew at once when a source has ended, and plays what it is given", async () => {
    const { played, asked } = begin();
    played[0]?.over();
    played[0]?.over();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(played.map((one) => one.stopped)).toEqual([true, false]);
  });

  it("waits longer from try to try until a picture moves", async () => {
    const { follower, played } = begin();
    for (const pause_ms of [...PAUSES_MS, PAUSES_MS.at(-1) ?? 0]) {
      const before = played.length;
      played.at(-1)?.over();
      if (pause_ms > 0) await vi.advanceTimersByTimeAsync(pause_ms - 1);
      if (pause_ms > 0) expect(played.length).toBe(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(played.length).toBe(before + 1);
    }
    follower.succeeded();
    played.at(-1)?.over();
    await vi.advanceTimersByTimeAsync(0);
    expect(played.length).toBe(PAUSES_MS.length + 3);
  });

  it("asks again when it is not answered, and no more when there is media instead or it is closed", async () => {
    const answers: (() => Promise<StreamOffer | null>)[] = [
      () => Promise.reject(new Error("lost")),
      async () => null,
    ];
    const { follower, played, asked } = begin(() => (answers.shift() ?? (async () => OFFER))());
    played[0]?.over();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveBeenCalledTimes(2);
    expect(played.length).toBe(1);
    follower.close();
    expect(played[0]?.stopped).toBe(true);
  });

  it("says why it is refused, and waits as long as that takes", async () => {
    const why = new Error("full");
    const { follower, played, asked, refused } = begin(() => Promise.reject(why), 10_000);
    played[0]?.over();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(refused.mock.calls).toEqual([[why]]);
    expect(asked).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(asked).toHaveBeenCalledTimes(2);
    follower.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("asks anew when the picture stands still for long, and not while it moves", async () => {
    const { follower, asked } = begin();
    follower.succeeded();
    await vi.advanceTimersByTimeAsync(10 * STALL_MS);
    expect(asked).not.toHaveBeenCalled();
    follower.stalled();
    await vi.advanceTimersByTimeAsync(STALL_MS - 1);
    expect(asked).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2);
    expect(asked).toHaveBeenCalledTimes(1);
    follower.close();
    await vi.advanceTimersByTimeAsync(10 * STALL_MS);
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("plays nothing that is given after its end", async () => {
    const { follower, played } = begin();
    played[0]?.over();
    const timers = vi.advanceTimersByTimeAsync(0);
    follower.close();
    await timers;
    expect(played.length).toBe(1);
  });
});
