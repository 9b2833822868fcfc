import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpClient } from "../api/http";
import { StillThere } from "./still_there";
import { KEY, Use } from "./use";

const MINUTE_MS = 60_000;
const TERM_S = 1800;

/** The server's side of one session, as it counts: from the last use that it was told of. */
class Server {
  used_ms = Date.now();
  renewals = 0;

  answer = (init: RequestInit = {}): Response => {
    const { unused_s = 0 } = JSON.parse(String(init.body)) as { unused_s?: number };
    const now_ms = Date.now();
    const left_s = () => Math.floor((this.used_ms - now_ms) / 1000) + TERM_S;
    if (left_s() <= 0) return new Response('{"code":"session_ended"}', { status: 401 });
    this.used_ms = Math.max(this.used_ms, now_ms - unused_s * 1000);
    this.renewals += 1;
    const grant = { access_token: "t", expires_in: Math.min(900, left_s()), session_ends_in: left_s() };
    return new Response(JSON.stringify(grant));
  };
}

describe("a session that nobody uses", () => {
  let server: Server;
  let stops: (() => void)[];
  let lost_ms: number | null;

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
    server = new Server();
    stops = [];
    lost_ms = null;
  });

  afterEach(() => {
    for (const stop of stops) stop();
    vi.useRealTimers();
  });

  async function open() {
    const http = new HttpClient(async (_, init) => server.answer(init));
    const use = new Use(() => http.signedIn);
    http.used = use;
    http.onSessionLost = () => {
      lost_ms = Date.now();
    };
    const asked: (number | null)[] = [];
    stops.push(use.begin(), new StillThere(http, use, (end_ms) => asked.push(end_ms)).begin());
    await http.refresh();
    return { http, use, asked };
  }

  const minutes = (count: number) => vi.advanceTimersByTimeAsync(count * MINUTE_MS);
  const act = () => window.dispatchEvent(new Event("keydown"));

  it("ends after half an hour though the page is open, five minutes after the question", async () => {
    const began_ms = Date.now();
    const { http, asked } = await open();
    await minutes(24.9);
    expect(asked).toEqual([]);
    await minutes(0.2);
    expect(asked[0]).toBe(began_ms + 30 * MINUTE_MS);
    await minutes(4.8);
    expect(lost_ms).toBeNull();
    await minutes(0.3);
    expect(lost_ms).not.toBeNull();
    expect(http.signedIn).toBe(false);
    expect(asked.at(-1)).toBeNull();
    expect(server.renewals).toBeLessThan(20);
  });

  it("goes on as long as somebody does something now and then, and asks nothing", async () => {
    const { asked } = await open();
    for (let passed = 0; passed < 120; passed += 20) {
      await minutes(20);
      act();
    }
    expect(lost_ms).toBeNull();
    expect(asked).toEqual([]);
    await minutes(31);
    expect(lost_ms).not.toBeNull();
  });

  it("goes on once somebody answers, and counts from then", async () => {
    const { asked } = await open();
    await minutes(27);
    expect(asked).toHaveLength(1);
    act();
    await minutes(0);
    expect(asked.at(-1)).toBeNull();
    await minutes(29);
    expect(lost_ms).toBeNull();
    await minutes(2);
    expect(lost_ms).not.toBeNull();
  });

  it("takes pictures that play for use, and no pointer that lies still", async () => {
    await open();
    const video = document.body.appendChild(document.createElement("video"));
    for (let passed = 0; passed < 60; passed += 1) {
      await minutes(1);
      video.dispatchEvent(new Event("timeupdate"));
    }
    expect(lost_ms).toBeNull();
    for (let passed = 0; passed < 31; passed += 1) {
      await minutes(1);
      window.dispatchEvent(Object.assign(new Event("pointermove"), { movementX: 0, movementY: 0 }));
    }
    expect(lost_ms).not.toBeNull();
    video.remove();
  });

  it("asks again where the server could not be reached", async () => {
    const { http, asked } = await open();
    await minutes(26);
    const answer = server.answer;
    server.answer = () => {
      throw new TypeError("Failed to fetch");
    };
    act();
    await minutes(0.1);
    expect(asked.at(-1)).not.toBeNull();
    expect(http.signedIn).toBe(true);
    server.answer = answer;
    act();
    await minutes(0);
    expect(asked.at(-1)).toBeNull();
  });
});

describe("several tabs", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000, toFake: ["Date"] });
    window.localStorage.clear();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** What a browser does in all tabs but the one that has kept it. */
  const hear = (newValue: string | null) =>
    window.dispatchEvent(new StorageEvent("storage", { key: KEY, newValue }));

  it("tell each other that they are used, and nothing once nobody is signed in", () => {
    let signedIn = true;
    const [one, other] = [new Use(() => signedIn), new Use(() => true)];
    const stop = other.begin();
    other.onUse = vi.fn();
    vi.setSystemTime(1_600_000);
    one.note();
    hear(window.localStorage.getItem(KEY));
    expect(other.at_ms).toBe(1_600_000);
    expect(other.onUse).toHaveBeenCalledOnce();
    for (const odd of ["1500000", "soon", null]) hear(odd);
    expect(other.at_ms).toBe(1_600_000);
    hear("9600000");
    expect(other.at_ms, "no time to come").toBe(1_600_000);
    stop();
    window.localStorage.clear();
    signedIn = false;
    vi.setSystemTime(1_700_000);
    one.note();
    expect(window.localStorage).toHaveLength(0);
  });
});
