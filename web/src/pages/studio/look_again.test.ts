import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { lookAgain } from "./look_again";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("looks ever more rarely for what it may not see, and then no more", async () => {
  const at: number[] = [];
  const began = Date.now();
  const find = async () => void at.push(Date.now() - began);
  lookAgain(find, () => expect.unreachable());
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(at.slice(0, 6)).toEqual([0, 1_000, 3_000, 8_000, 18_000, 28_000]);
  expect(at).toHaveLength(20);
});

it("goes on over failures until it has found it", async () => {
  const find = vi
    .fn<() => Promise<string | undefined>>()
    .mockRejectedValueOnce(new Error("away"))
    .mockResolvedValueOnce(undefined)
    .mockResolvedValue("it");
  const found = vi.fn();
  lookAgain(find, found);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(found.mock.calls).toEqual([["it"]]);
  expect(find).toHaveBeenCalledTimes(3);
});

it("takes nothing that is found after it was ended", async () => {
  const find = vi.fn(async () => "it");
  const found = vi.fn();
  lookAgain(find, found)();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(found).not.toHaveBeenCalled();
  expect(find).toHaveBeenCalledOnce();
});
