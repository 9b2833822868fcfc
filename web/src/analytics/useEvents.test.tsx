import { act, useRef } from "react";
import { createRoot } from "react-dom/client";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { HttpClient } from "../api/http";
import { useProgress } from "../pages/player/useProgress";
import { SessionProvider } from "../session/Session";
import type { Batch } from "./events";
import { sayLastWords } from "./leaving";
import { useLeftEvents, useViewed } from "./useEvents";

const ADA = "0190f0a0-ada";
const token = `e30.${btoa(JSON.stringify({ sub: ADA }))}.x`;
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

function CoursePage() {
  useViewed("0190f0a0-course", "lessons");
  return null;
}

function LeftEvents() {
  useLeftEvents();
  return null;
}

/** The pages of somebody who is signed in, with a server that takes no events. */
async function page(shown = <CoursePage />) {
  const came: Batch[] = [];
  const http = new HttpClient(async (input, init = {}) => {
    if (!String(input).endsWith("/analytics/events"))
      return json({ user_id: ADA, role: "student", verified: true });
    came.push(JSON.parse(String(init.body)) as Batch);
    return json({}, 503);
  });
  http.setGrant({ access_token: token, expires_in: 9_000 });
  const root = createRoot(document.createElement("div"));
  await act(async () => {
    root.render(<SessionProvider http={http}>{shown}</SessionProvider>);
    await vi.advanceTimersByTimeAsync(100);
  });
  return { came, root };
}

describe("a page", () => {
  beforeEach(() => {
    window.localStorage.clear();
    vi.useFakeTimers();
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  });

  it("that has gone sends nothing any more, and what it said waits", async () => {
    const { came, root } = await page();
    expect(came).toMatchObject([{ user_id: ADA, events: [{ event_type: "viewed" }] }]);
    act(() => root.unmount());
    await vi.advanceTimersByTimeAsync(600_000);
    expect(came).toHaveLength(1);
    expect(window.localStorage).toHaveLength(1);
  });

  it("leaves nothing of who signs out, and tries no more", async () => {
    const { came, root } = await page();
    await sayLastWords();
    expect(came).toHaveLength(2);
    expect(window.localStorage).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(came).toHaveLength(2);
    act(() => root.unmount());
  });

  it("that has gone is heard before somebody signs out", async () => {
    const { came, root } = await page();
    act(() => root.unmount());
    const next = await page(<LeftEvents />);
    expect(next.came).toHaveLength(0); // it may be a page of another window that only waits
    await sayLastWords();
    expect(next.came.map(({ session_id }) => session_id)).toEqual([came[0]?.session_id]);
    expect(window.localStorage).toHaveLength(0);
    act(() => next.root.unmount());
  });

  it("with a player that has gone sends nothing any more, and what it said waits", async () => {
    const came: Batch[] = [];
    const told = {
      account: ADA,
      send: async (batch: Batch) => {
        came.push(batch);
        return "later" as const;
      },
    };
    const element = document.createElement("video");
    function Playing() {
      useProgress("0190f0a0-recording", useRef(element), told);
      return null;
    }
    const root = createRoot(document.createElement("div"));
    await act(async () => root.render(<Playing />));
    element.dispatchEvent(new Event("playing"));
    await act(async () => root.unmount());
    expect(came.at(-1)?.events.map((one) => one.event_type)).toEqual(["started", "stopped"]);
    const sent = came.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(came).toHaveLength(sent);
    expect(window.localStorage).toHaveLength(1);
  });
});
