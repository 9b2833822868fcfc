import { describe, expect, it } from "vitest";
import { SILENCE_MS, SilenceWatch } from "./silence";

const NOTHING = Number.NEGATIVE_INFINITY;

/** What a new watch says of these levels, one every `step_ms`. */
function verdicts(levels: (number | null)[], step_ms: number): boolean[] {
  const watch = new SilenceWatch();
  return levels.map((level, index) => watch.receive(level, 1_000 + index * step_ms));
}

describe("SilenceWatch", () => {
  it("speaks up once there was nothing for five seconds, and not a moment before", () => {
    const watch = new SilenceWatch();
    expect(watch.receive(NOTHING, 0)).toBe(false);
    expect(watch.receive(NOTHING, SILENCE_MS - 1)).toBe(false);
    expect(watch.receive(NOTHING, SILENCE_MS)).toBe(true);
  });

  it("takes a quiet room for a room, not for silence", () => {
    expect(verdicts([-75, -80, -85], 4_000)).toEqual([false, false, false]);
  });

  it("begins anew after a single sound", () => {
    expect(verdicts([NOTHING, NOTHING, -40, NOTHING, NOTHING, NOTHING], 3_000)).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it("is quiet again as soon as something is heard", () => {
    expect(verdicts([NOTHING, NOTHING, -30], 6_000)).toEqual([false, true, false]);
  });

  it("does not count time in which the level cannot be read", () => {
    expect(verdicts([null, null, NOTHING, NOTHING], 4_000)).toEqual([false, false, false, false]);
    expect(verdicts([NOTHING, null, NOTHING], 4_000)).toEqual([false, false, false]);
  });
});
