import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpClient } from "../api/http";
import { type End, StillThere } from "./still_there";
import { KEY, Use } from "./use";

const MINUTE_MS = 60_000;
const TERM_S = 1800;

/** The server's side of one session, as it counts: from the last use that it was told of. */
class Server {
  used_ms = Date.now();
  limit_ms = Date.now() + 12 * 60 * MINUTE_MS;
  renewals = 0;

  answer = (init: RequestInit = {}): Response => {
    const { unused_s = 0 } = JSON.parse(String(init.body)) as { unused_s?: number };
    const now_ms = Date.now();
    const lasts_s = Math.floor((this.limit_ms - now_ms) / 1000);
    const left_s = () => Math.min(Math.floor((this.used_ms - now_ms) / 1000) + TERM_S, lasts_s);
    if (left_s() <= 0) return new Response('{"code":"session_ended"}', { status: 401 });
    this.used_ms = Math.max(this.used_ms, now_ms - unused_s * 1000);
    this.renewals += 1;
    const grant = {
      access_token: "t",
      expires_in: Math.min(900, left_s()),
      session_ends_in: left_s(),
      session_lasts: lasts_s,
    };
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
    const asked: (End | null)[] = [];
    const still = new StillThere(http, use, (end) => asked.push(end));
    stops.push(use.begin(), still.begin());
    await http.refresh();
    return { http, use, asked, still };
  }

  const minutes = (count: number) => vi.advanceTimersByTimeAsync(count * MINUTE_MS);
  const act = () => window.dispatchEvent(new Event("keydown"));

  it("ends after half an hour though the page is open, five minutes after the question", async () => {
    const began_ms = Date.now();
    const { http, asked } = await open();
    act();
    expect(window.localStorage.getItem(KEY)).not.toBeNull();
    await minutes(24.9);
    expect(asked).toEqual([]);
    await minutes(0.2);
    expect(asked[0]).toEqual({ end_ms: began_ms + 30 * MINUTE_MS, final: false });
    await minutes(4.8);
    expect(lost_ms).toBeNull();
    await minutes(0.3);
    expect(lost_ms).not.toBeNull();
    expect(http.signedIn).toBe(false);
    expect(asked.at(-1)).toBeNull();
    expect(window.localStorage.getItem(KEY), "nothing is left behind").toBeNull();
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

  it("says once that it ends though it is used, to who works and to who does not", async () => {
    server.limit_ms = Date.now() + 60 * MINUTE_MS;
    const { asked, still } = await open();
    for (let passed = 0; passed < 54; passed += 6) {
      await minutes(6);
      act();
    }
    expect(asked).toEqual([]);
    await minutes(1.1);
    act();
    const final = { end_ms: server.limit_ms, final: true };
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.at(-1)?.final).toBe(true);
    expect(Math.abs((asked.at(-1)?.end_ms ?? 0) - final.end_ms)).toBeLessThan(2_000);
    still.heard();
    expect(asked.at(-1)).toBeNull();
    const before = asked.length;
    for (let passed = 0; passed < 4; passed += 1) {
      await minutes(1);
      act();
    }
    expect(asked).toHaveLength(before);
    expect(lost_ms).toBeNull();
    await minutes(1);
    expect(lost_ms).not.toBeNull();
  });

  it("hears of what was done while a renewal was under way that says otherwise", async () => {
    const { http, asked } = await open();
    await minutes(26);
    const answer = server.answer;
    let give: () => void = () => undefined;
    server.answer = (init) => {
      const said = init;
      server.answer = answer;
      return new Promise<Response>((resolve) => {
        give = () => resolve(answer(said));
      }) as unknown as Response;
    };
    void http.refresh();
    await minutes(0.01);
    act();
    give();
    await minutes(0);
    expect(asked.at(-1)).toBeNull();
    expect(server.used_ms).toBeGreaterThan(Date.now() - MINUTE_MS);
  });

  it("renews as soon as the server is there again, though nobody does anything more", async () => {
    const { asked } = await open();
    await minutes(13);
    act();
    const answer = server.answer;
    server.answer = () => {
      throw new TypeError("Failed to fetch");
    };
    await minutes(13);
    server.answer = answer;
    await minutes(0.1);
    expect(server.used_ms).toBeGreaterThan(Date.now() - 14 * MINUTE_MS);
    expect(asked).toEqual([]);
  });

  it("asks nothing after a sleep through the end, and signs out", async () => {
    const { asked, http } = await open();
    await minutes(1);
    vi.setSystemTime(Date.now() + 600 * MINUTE_MS);
    const answer = server.answer;
    server.answer = () => {
      throw new TypeError("Failed to fetch");
    };
    await minutes(24.5);
    expect(asked).toEqual([]);
    expect(http.signedIn).toBe(true);
    server.answer = answer;
    await minutes(0.6);
    expect(asked).toEqual([]);
    expect(http.signedIn).toBe(false);
  });
});

describe("a clock that is set back", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("makes no use newer than it was, and other tabs are told of the next one", () => {
    vi.useFakeTimers({ now: 10_000_000 });
    window.localStorage.clear();
    const use = new Use(() => true);
    use.note();
    vi.advanceTimersByTime(600_000);
    vi.setSystemTime(7_000_000);
    expect(use.at_ms).toBe(6_400_000);
    vi.advanceTimersByTime(60_000);
    expect(Date.now() - use.at_ms).toBe(660_000);
    use.note();
    expect(window.localStorage.getItem(KEY)).toBe("7060000");
    expect(use.at_ms).toBe(7_060_000);
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
