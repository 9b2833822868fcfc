import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { HttpClient } from "../api/http";
import { SessionProvider } from "../session/Session";
import { useInUse } from "./useInUse";

function Class({ inside }: { inside: boolean }) {
  useInUse(inside);
  return null;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("is told of a class that one is in, though nobody touches it, and no longer once one has left", async () => {
  const note = vi.fn();
  const http = new HttpClient(async () => new Response('{"open_rooms":true}'));
  http.used = { at_ms: 0, note };
  const root = createRoot(document.createElement("div"));
  const show = (inside: boolean) =>
    act(async () => {
      root.render(
        <SessionProvider http={http}>
          <Class inside={inside} />
        </SessionProvider>,
      );
      await vi.advanceTimersByTimeAsync(0);
    });
  await show(false);
  expect(note).not.toHaveBeenCalled();
  await show(true);
  expect(note).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(note).toHaveBeenCalledTimes(21);
  await show(false);
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(note).toHaveBeenCalledTimes(21);
  act(() => root.unmount());
});
