import { describe, expect, it } from "vitest";
import { cameraEncodings, fitted, layerFor, sameEncodings, screenEncodings } from "./encodings";

const camera = (width?: number, height?: number) =>
  ({ getSettings: () => ({ width, height }) }) as MediaStreamTrack;

describe("in which sizes a camera is sent", () => {
  it("is three where browsers send three, fewer of smaller pictures", () => {
    const scales = (width: number, height: number) =>
      cameraEncodings(camera(width, height), 1_500_000, true).map((one) => one.scaleResolutionDownBy);
    expect(scales(1280, 720)).toEqual([4, 2, 1]);
    expect(scales(720, 1280)).toEqual([4, 2, 1]);
    expect(scales(960, 540)).toEqual([4, 2, 1]);
    expect(scales(640, 480)).toEqual([2, 1]);
    expect(scales(320, 180)).toEqual([1]);
  });

  it("is the browser's choice while the size is unknown", () => {
    expect(cameraEncodings(camera(), 1_500_000, true)).toEqual([]);
  });

  it("is kept in number for another camera", () => {
    const scales = (width: number, height: number, count: number) =>
      fitted(cameraEncodings(camera(width, height), 1_500_000, true), count).map(
        (one) => one.scaleResolutionDownBy,
      );
    expect(scales(1280, 720, 2)).toEqual([2, 1]);
    expect(scales(640, 360, 3)).toEqual([2, 1, 1]);
    expect(scales(320, 180, 3)).toEqual([1, 1, 1]);
    expect(scales(640, 360, 2)).toEqual([2, 1]);
  });

  it("takes a third for each half", () => {
    const [low, middle, high] = cameraEncodings(camera(1280, 720), 1_500_000, true);
    expect([low?.maxBitrate, middle?.maxBitrate, high?.maxBitrate]).toEqual([166_667, 500_000, 1_500_000]);
  });

  it("is bounded for learners, and never more than the server wants", () => {
    const top = (most: number, teaches: boolean) =>
      cameraEncodings(camera(1280, 720), most, teaches).at(-1)?.maxBitrate;
    expect(top(2_500_000, false)).toBe(800_000);
    expect(top(400_000, false)).toBe(400_000);
    expect(top(2_500_000, true)).toBe(2_500_000);
  });

  it("lets all pictures of a page of small tiles through an ordinary line", () => {
    const [low] = cameraEncodings(camera(1280, 720), 1_500_000, false);
    expect(25 * (low?.maxBitrate ?? 0)).toBeLessThan(3_000_000);
  });
});

describe("what is the same", () => {
  it("is told by sizes and bitrates", () => {
    const teacher = cameraEncodings(camera(1280, 720), 1_500_000, true);
    expect(sameEncodings(teacher, cameraEncodings(camera(1280, 720), 1_500_000, true))).toBe(true);
    expect(sameEncodings(teacher, cameraEncodings(camera(1280, 720), 1_500_000, false))).toBe(false);
    expect(sameEncodings(teacher, cameraEncodings(camera(640, 360), 1_500_000, true))).toBe(false);
    expect(sameEncodings(screenEncodings(), screenEncodings())).toBe(true);
  });
});

describe("what a tile needs", () => {
  it("is the size that it shows", () => {
    expect([136, 320, 480, 700, 900, 3000].map(layerFor)).toEqual([0, 0, 1, 1, 2, 2]);
  });
});
