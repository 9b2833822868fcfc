import { afterEach, describe, expect, it, vi } from "vitest";
import { keepGrant, RENEW_EVERY_MS, Renewal } from "./grant";

const answer = (code: number) => ({ url: "/seg-00001.m4s", code });

describe("a media grant", () => {
  afterEach(() => void vi.useRealTimers());

  it("is renewed in time, also when one answer was lost, until it is not needed any more", async () => {
    vi.useFakeTimers();
    const renew = vi.fn(() => Promise.reject(new Error("lost")));
    const stop = keepGrant(renew);
    await vi.advanceTimersByTimeAsync(2 * RENEW_EVERY_MS);
    expect(renew).toHaveBeenCalledTimes(2);
    stop();
    await vi.advanceTimersByTimeAsync(RENEW_EVERY_MS);
    expect(renew).toHaveBeenCalledTimes(2);
  });

  it("is renewed once for all requests that are refused at the same time, which are made again", () => {
    const renew = vi.fn(async () => undefined);
    const { shouldRetry } = new Renewal(renew);
    expect([401, 403].map((code) => shouldRetry(null, 0, false, answer(code), false))).toEqual([true, true]);
    expect(renew).toHaveBeenCalledTimes(1);
    expect(shouldRetry(null, 3, false, answer(401), false), "it was of no use").toBe(false);
  });

  it("is asked for again once something was loaded by the last", () => {
    const renew = vi.fn(async () => undefined);
    const renewal = new Renewal(renew);
    renewal.shouldRetry(null, 0, false, answer(401), false);
    renewal.loaded();
    renewal.shouldRetry(null, 0, false, answer(401), false);
    expect(renew).toHaveBeenCalledTimes(2);
  });

  it("ends playing where it is refused", async () => {
    const { shouldRetry } = new Renewal(() => Promise.reject(new Error("no more")));
    shouldRetry(null, 0, false, answer(403), false);
    await Promise.resolve();
    await Promise.resolve();
    expect(shouldRetry(null, 1, false, answer(403), false)).toBe(false);
  });

  it("has nothing to do with what else goes wrong", () => {
    const renew = vi.fn(async () => undefined);
    const { shouldRetry } = new Renewal(renew);
    expect(shouldRetry(null, 0, false, answer(404), false)).toBe(false);
    expect(shouldRetry(null, 0, true, undefined, true)).toBe(true);
    expect(renew).not.toHaveBeenCalled();
  });
});
