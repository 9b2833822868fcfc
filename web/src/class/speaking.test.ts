import { describe, expect, it } from "vitest";
import { SpeakingWatch } from "./speaking";

describe("whose voice is heard", () => {
  it("is known at once, of several", () => {
    expect(new SpeakingWatch().receive(["ada", "sam"], 0).now).toEqual(new Set(["ada", "sam"]));
  });

  it("goes on over the pauses in a sentence and ends after it", () => {
    const watch = new SpeakingWatch();
    watch.receive(["ada"], 0);
    expect(watch.receive([], 600).now).toEqual(new Set(["ada"]));
    expect(watch.receive([], 900).now).toEqual(new Set());
  });
});
