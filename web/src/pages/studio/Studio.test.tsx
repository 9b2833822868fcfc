import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { HttpClient } from "../../api/http";
import { SessionProvider } from "../../session/Session";
import { Studio } from "./Studio";
import type { Publisher } from "./usePublisher";

const publisher = vi.hoisted(() => ({ phase: "idle" }));

/** There is no WebRTC here: only what the page does with a publisher's phase is looked at. */
vi.mock("./usePublisher", () => ({
  usePublisher: () =>
    ({ state: { phase: publisher.phase }, since_ms: null, stats: null }) as unknown as Publisher,
}));

const ROOM = {
  room_id: "r",
  slug: "lab",
  name: "Lab",
  live: false,
  recording: false,
  may: { publish: true, record: false, watch: true },
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.stubGlobal("RTCRtpSender", { getCapabilities: () => null });
  vi.stubGlobal("matchMedia", () => ({
    matches: false,
    addEventListener: vi.fn(),
    removeEventListener: vi.fn(),
  }));
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it("takes a broadcast for use, with sound alone and nobody's hand on anything", async () => {
  const note = vi.fn();
  const http = new HttpClient(async (path) =>
    String(path).includes("/auth/")
      ? new Response(null, { status: 204 })
      : new Response(JSON.stringify(String(path).includes("/rooms/") ? ROOM : { open_rooms: true })),
  );
  http.used = { at_ms: 0, note };
  const root = createRoot(document.createElement("div"));
  const passed = async (minutes: number) => {
    await act(async () => {
      root.render(
        <SessionProvider http={http}>
          <Studio slug="lab" />
        </SessionProvider>,
      );
    });
    await act(() => vi.advanceTimersByTimeAsync(minutes * 60_000));
  };
  await passed(1);
  expect(note).not.toHaveBeenCalled();
  for (const phase of ["connecting", "connected", "recovering"]) {
    publisher.phase = phase;
    await passed(10);
    expect(note.mock.calls.length, phase).toBeGreaterThanOrEqual(20);
    note.mockClear();
  }
  publisher.phase = "idle";
  await passed(1);
  note.mockClear();
  await passed(10);
  expect(note).not.toHaveBeenCalled();
  act(() => root.unmount());
});
