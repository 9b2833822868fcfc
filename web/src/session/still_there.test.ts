import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HttpClient } from "../api/http";
import { type End, HEARD, StillThere } from "./still_there";
import { KEY, Use } from "./use";

const MINUTE_MS = 60_000;

/** The server's side of one session, as it counts: from the last use that it was told of. */
class Server {
  term_s = 1800;
  used_ms = Date.now();
  limit_ms = Date.now() + 12 * 60 * MINUTE_MS;
  renewals = 0;

  answer = (init: RequestInit = {}): Response => {
    const { unused_s = 0 } = JSON.parse(String(init.body)) as { unused_s?: number };
    const now_ms = Date.now();
    const lasts_s = Math.floor((this.limit_ms - now_ms) / 1000);
    const left_s = () => Math.min(Math.floor((this.used_ms - now_ms) / 1000) + this.term_s, lasts_s);
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
    window.localStorage.clear();
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

  it("asks again where the server could not be reached, every other second however much is done", async () => {
    const { http, asked } = await open();
    await minutes(26);
    const answer = server.answer;
    let tries = 0;
    server.answer = () => {
      tries += 1;
      throw new TypeError("Failed to fetch");
    };
    for (let passed_ms = 0; passed_ms < 5_900; passed_ms += 100) {
      act();
      await minutes(100 / MINUTE_MS);
    }
    expect(tries).toBe(3);
    expect(asked.at(-1)).toEqual({ ...asked[0], away: true });
    expect(asked).toHaveLength(2);
    expect(http.signedIn).toBe(true);
    server.answer = answer;
    await minutes(2 / 60);
    expect(asked.at(-1)).toBeNull();
  });

  it("asks nothing beyond the end while the server is away, and covers nothing that could be copied", async () => {
    server.limit_ms = Date.now() + 20 * MINUTE_MS;
    const { asked, http } = await open();
    await minutes(16);
    expect(asked.at(-1)?.final).toBe(true);
    server.answer = () => {
      throw new TypeError("Failed to fetch");
    };
    await minutes(4.1);
    expect(asked.at(-1)).toBeNull();
    expect(http.signedIn).toBe(true);
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

  it("names the end without use where that comes first, though the other is near, and then the other", async () => {
    const began_ms = Date.now();
    server.limit_ms = began_ms + 57 * MINUTE_MS;
    const { asked, still } = await open();
    await minutes(24);
    act();
    await minutes(28.5);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.final).toBe(false);
    expect(Math.abs((asked[0]?.end_ms ?? 0) - (began_ms + 54 * MINUTE_MS))).toBeLessThan(2_000);
    await minutes(1);
    act();
    await minutes(0);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual({ end_ms: server.limit_ms, final: true });
    still.heard(asked[0]);
    expect(asked, "what is read is not what was there before").toHaveLength(2);
    const { renewals } = server;
    act();
    await minutes(0);
    expect(server.renewals, "nothing moves that end").toBe(renewals);
    await minutes(3.4);
    expect(lost_ms).toBeNull();
    await minutes(0.2);
    expect(lost_ms).not.toBeNull();
  });

  it("ends at the end without use where nobody answers, though the other is near", async () => {
    server.limit_ms = Date.now() + 33 * MINUTE_MS;
    const { asked } = await open();
    await minutes(28.5);
    expect(asked).toEqual([{ end_ms: Date.now() + 1.5 * MINUTE_MS, final: false }]);
    await minutes(1.6);
    expect(lost_ms).not.toBeNull();
    expect(asked.at(-1)).toBeNull();
  });

  it("tells who works with a short term as soon as use moves nothing any more, in few renewals", async () => {
    server.term_s = 240;
    server.limit_ms = Date.now() + 30 * MINUTE_MS;
    const { asked } = await open();
    const work = async (count: number) => {
      for (let passed_s = 0; passed_s < count * 60; passed_s += 2) {
        act();
        await minutes(2 / 60);
      }
    };
    await work(25);
    const { renewals } = server;
    await work(0.95);
    expect(asked).toEqual([]);
    await work(0.15);
    expect(asked).toEqual([{ end_ms: server.limit_ms, final: true }]);
    await work(3.8);
    expect(lost_ms).toBeNull();
    expect(server.renewals - renewals).toBeLessThan(15);
    await work(0.1);
    expect(lost_ms).not.toBeNull();
  });

  it("renews by the first key after a sleep, though timers stood still meanwhile", async () => {
    const { asked } = await open();
    await minutes(10);
    vi.setSystemTime(Date.now() + 17 * MINUTE_MS);
    act();
    await minutes(0);
    expect(Date.now() - server.used_ms).toBeLessThan(1_000);
    expect(asked).toEqual([]);
  });

  it("asks soon after a sleep though nobody does anything", async () => {
    const { asked } = await open();
    await minutes(10);
    vi.setSystemTime(Date.now() + 16 * MINUTE_MS);
    await minutes(0.5);
    expect(asked).toHaveLength(1);
    await minutes(3.6);
    expect(lost_ms).not.toBeNull();
  });

  it("asks in time though the clock was set back meanwhile, and once", async () => {
    const { asked } = await open();
    await minutes(24.5);
    vi.setSystemTime(Date.now() - 180 * MINUTE_MS);
    // The server's clock is right still.
    server.used_ms -= 180 * MINUTE_MS;
    server.limit_ms -= 180 * MINUTE_MS;
    await minutes(0.4);
    expect(asked).toEqual([]);
    await minutes(0.2);
    expect(asked).toHaveLength(1);
    expect(Math.abs((asked[0]?.end_ms ?? 0) - Date.now() - 4.9 * MINUTE_MS)).toBeLessThan(2_000);
    act();
    await minutes(0);
    expect(asked.at(-1)).toBeNull();
    expect(Date.now() - server.used_ms).toBeLessThan(1_000);
  });

  it("is silent of the end that somebody has heard of in another tab, or in this one before", async () => {
    server.limit_ms = Date.now() + 20 * MINUTE_MS;
    const { asked, still } = await open();
    await minutes(15.1);
    expect(asked).toHaveLength(1);
    const other = await open();
    expect(other.asked).toHaveLength(1);
    other.still.heard();
    expect(other.asked.at(-1)).toBeNull();
    const newValue = window.localStorage.getItem(HEARD);
    window.dispatchEvent(new StorageEvent("storage", { key: HEARD, newValue }));
    expect(asked.at(-1)).toBeNull();
    still.heard();
    const later = await open();
    await minutes(1);
    expect(later.asked).toEqual([]);
    await minutes(4);
    expect(lost_ms).not.toBeNull();
    expect(window.localStorage.getItem(HEARD), "nothing is left behind").toBeNull();
  });

  it("asks in each tab before an end that was not the one that somebody heard of", async () => {
    window.localStorage.setItem(HEARD, String(Date.now() + 10 * MINUTE_MS));
    server.limit_ms = Date.now() + 20 * MINUTE_MS;
    const { asked } = await open();
    await minutes(15.1);
    expect(asked).toEqual([{ end_ms: server.limit_ms, final: true }]);
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
    await minutes(11);
    expect(asked).toEqual([]);
    await minutes(2);
    const away = { end_ms: server.used_ms + 30 * MINUTE_MS, final: false, away: true };
    expect(asked, "to who may type all the time").toEqual([away]);
    server.answer = answer;
    await minutes(0.1);
    expect(server.used_ms).toBeGreaterThan(Date.now() - 14 * MINUTE_MS);
    expect(asked).toEqual([away, null]);
  });

  it("says once that the server is away, goes on trying, and says so again another time", async () => {
    const { asked, still } = await open();
    await minutes(25.5);
    const answer = server.answer;
    let tries = 0;
    const fail = () => {
      tries += 1;
      throw new TypeError("Failed to fetch");
    };
    server.answer = fail;
    act();
    await minutes(0);
    expect(asked.at(-1)?.away).toBe(true);
    still.heard();
    expect(asked.at(-1)).toBeNull();
    const before = { tries, asked: asked.length };
    for (let passed = 0; passed < 10; passed += 1) {
      await minutes(0.1);
      act();
    }
    expect(asked).toHaveLength(before.asked);
    expect(tries).toBeGreaterThan(before.tries + 25);
    expect(window.localStorage.getItem(HEARD)).toBeNull();
    server.answer = answer;
    await minutes(0.1);
    expect(server.used_ms).toBeGreaterThan(Date.now() - MINUTE_MS);
    await minutes(25.5);
    server.answer = fail;
    act();
    await minutes(0);
    expect(asked.at(-1)?.away).toBe(true);
  });

  it("tries again as late as the server says, and says that it cannot be told", async () => {
    const { asked } = await open();
    await minutes(26);
    const answer = server.answer;
    let tries = 0;
    server.answer = () => {
      tries += 1;
      return new Response("{}", { status: 429, headers: { "Retry-After": "45" } });
    };
    for (let passed = 0; passed < 88; passed += 1) {
      act();
      await minutes(1 / 60);
    }
    expect(tries).toBe(2);
    expect(asked.at(-1)?.away).toBe(true);
    server.answer = answer;
    await minutes(3 / 60);
    expect(asked.at(-1)).toBeNull();
  });

  it("says that an answer does not come, and takes it when it does", async () => {
    const { asked } = await open();
    await minutes(26);
    const answer = server.answer;
    let tries = 0;
    let arrive = () => undefined as unknown;
    server.answer = (init) => {
      tries += 1;
      return new Promise((resolve) => {
        arrive = () => resolve(answer(init));
      }) as unknown as Response;
    };
    act();
    await minutes(0.09);
    expect(asked.at(-1)?.away).toBeUndefined();
    await minutes(0.02);
    expect(asked.at(-1)?.away).toBe(true);
    await minutes(1);
    act();
    expect(tries, "a spent token that comes once more is a stolen one").toBe(1);
    arrive();
    await minutes(0.01);
    expect(asked.at(-1)).toBeNull();
    expect(lost_ms).toBeNull();
  });

  it("renews every other second at most where the server says that there is less than one left", async () => {
    await open();
    let renewals = 0;
    server.answer = () => {
      renewals += 1;
      const grant = { access_token: "t", expires_in: 900, session_ends_in: 0, session_lasts: 9_000 };
      return new Response(JSON.stringify(grant));
    };
    await minutes(26);
    renewals = 0;
    for (let passed = 0; passed < 590; passed += 1) {
      act();
      await minutes(1 / 600);
    }
    expect(renewals).toBeGreaterThan(20);
    expect(renewals).toBeLessThan(35);
  });

  it("tells by the first key after a sleep of the end that nothing moves, and of one that is past", async () => {
    server.limit_ms = Date.now() + 60 * MINUTE_MS;
    const one = await open();
    for (let passed = 0; passed < 40; passed += 10) {
      await minutes(10);
      act();
    }
    await one.http.refresh();
    vi.setSystemTime(Date.now() + 17 * MINUTE_MS);
    act();
    await minutes(0);
    expect(one.asked).toEqual([{ end_ms: server.limit_ms, final: true }]);
    vi.setSystemTime(Date.now() + 17 * MINUTE_MS);
    act();
    await minutes(0);
    expect(lost_ms).not.toBeNull();
    expect(one.asked.at(-1)).toBeNull();
  });

  it("is silent of the end that somebody has heard of, though the clock is set back", async () => {
    server.limit_ms = Date.now() + 20 * MINUTE_MS;
    const { asked, still } = await open();
    await minutes(15.1);
    still.heard();
    vi.setSystemTime(Date.now() - 180 * MINUTE_MS);
    server.limit_ms -= 180 * MINUTE_MS;
    server.used_ms -= 180 * MINUTE_MS;
    act();
    await minutes(2);
    expect(asked).toHaveLength(2);
  });

  it("hears what other tabs kept while it stood still in the browser's memory", async () => {
    server.limit_ms = Date.now() + 20 * MINUTE_MS;
    const { asked, use } = await open();
    await minutes(15.1);
    expect(asked).toHaveLength(1);
    window.localStorage.setItem(HEARD, String(server.limit_ms));
    window.localStorage.setItem(KEY, String(Date.now()));
    expect(use.at_ms).toBeLessThan(Date.now());
    window.dispatchEvent(new Event("pageshow"));
    expect(asked.at(-1)).toBeNull();
    expect(use.at_ms).toBe(Date.now());
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
