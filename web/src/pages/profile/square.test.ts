import { expect, it } from "vitest";
import { middleSquare } from "./square";

it("takes the square in the middle of a picture, however it lies", () => {
  expect(middleSquare(1600, 1200)).toEqual({ x: 200, y: 0, side: 1200 });
  expect(middleSquare(300, 900)).toEqual({ x: 0, y: 300, side: 300 });
  expect(middleSquare(64, 64)).toEqual({ x: 0, y: 0, side: 64 });
});
