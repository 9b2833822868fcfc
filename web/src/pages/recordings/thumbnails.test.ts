import { describe, expect, test } from "vitest";
import { Turns, thumbnailUrl } from "./thumbnails";

const always = () => true;

function held() {
  const ends: (() => void)[] = [];
  let most = 0;
  let now = 0;
  const work = () =>
    new Promise<string>((done) => {
      now += 1;
      most = Math.max(most, now);
      ends.push(() => {
        now -= 1;
        done("picture");
      });
    });
  return { ends, work, most: () => most };
}

const settled = () => new Promise((done) => setTimeout(done));

describe("turns", () => {
  test("fifty that ask at once are served three at a time, and all of them", async () => {
    const { ends, work, most } = held();
    const turns = new Turns(3);
    const all = Array.from({ length: 50 }, () => turns.take(work, always));
    for (let served = 0; served < 50; served += 1) {
      await settled();
      ends.shift()?.();
    }
    expect(await Promise.all(all)).toEqual(Array(50).fill("picture"));
    expect(most()).toBe(3);
  });

  test("what is wanted no more when its turn comes is not begun, and who comes after it is", async () => {
    const { ends, work } = held();
    const turns = new Turns(1);
    let wanted = true;
    const [first, second, third] = [
      turns.take(work, always),
      turns.take(work, () => wanted),
      turns.take(work, always),
    ];
    wanted = false;
    ends.shift()?.();
    expect(await first).toBe("picture");
    expect(await second).toBeNull();
    await settled();
    ends.shift()?.();
    expect(await third).toBe("picture");
    expect(ends).toEqual([]);
  });

  test("one that fails leaves its turn to the next", async () => {
    const turns = new Turns(1);
    await expect(turns.take(() => Promise.reject(new Error("away")), always)).rejects.toThrow("away");
    expect(await turns.take(async () => "picture", always)).toBe("picture");
  });
});

describe("where the picture is", () => {
  const recording = {
    recording_id: "r1",
    status: "ready",
    duration_seconds: 3600,
    resolution: "1280x720",
  } as const;

  test("it is a while after the beginning, and of a short one a tenth of it", () => {
    expect(thumbnailUrl(recording)).toBe("/api/v1/recordings/r1/thumbnail?t=60&width=160");
    expect(thumbnailUrl({ ...recording, duration_seconds: 40 })).toContain("?t=4&");
    expect(thumbnailUrl({ ...recording, duration_seconds: 3 })).toContain("?t=0&");
  });

  test("there is none in the trash, of sound alone, of what failed, and while it is recorded", () => {
    expect(thumbnailUrl({ ...recording, resolution: null })).toBeNull();
    for (const status of ["deleted", "failed", "recording", "finalizing"] as const)
      expect(thumbnailUrl({ ...recording, status })).toBeNull();
  });
});
