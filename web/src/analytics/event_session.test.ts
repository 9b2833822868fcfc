import { beforeEach, describe, expect, it, vi } from "vitest";
import { EventSession, MAX_IN_BATCH, MAX_KEPT, MAX_LEAVING_BYTES } from "./event_session";
import type { Answer, Batch, SaidEvent } from "./events";
import { keep, kept, left, MAX_KEPT_CHARS } from "./kept";
import { beforeSigningOut, sayLastWords } from "./leaving";
import { sendLeft } from "./send_left";

const ME = "0190f0a0-me";
const said = (position: number): SaidEvent => ({
  event_type: "progress",
  timestamp: "2026-03-02T08:00:00Z",
  position,
});

/** A server that takes each number once, as ours does; `answers` is what the page hears. */
function server(...answers: Answer[]) {
  const numbers = new Set<number>();
  const taken: number[] = [];
  const batches: Batch[] = [];
  const send = async (batch: Batch): Promise<Answer> => {
    batches.push(structuredClone(batch));
    const answer = answers.shift() ?? "taken";
    if (answer === "refused" || typeof answer === "object") return answer;
    const fresh = batch.events.filter(({ seq }) => !numbers.has(seq));
    for (const { seq } of batch.events) numbers.add(seq);
    taken.push(...fresh.map(({ position }) => position ?? -1));
    return answer;
  };
  return { send, taken, batches };
}

describe("what a page says", () => {
  beforeEach(() => {
    window.localStorage.clear();
    vi.useFakeTimers();
  });

  it("is taken once where only the answer was lost, with what came since in one batch", async () => {
    const { send, taken, batches } = server("later");
    const session = new EventSession("page-one", ME, send);
    session.say(said(1));
    await session.flush();
    expect(session.stuck).toBe(true);
    session.say(said(2));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(taken).toEqual([1, 2]);
    expect(batches.map(({ seq, events }) => [seq, events.map((one) => one.seq)])).toEqual([
      [0, [0]],
      [1, [0, 1]],
    ]);
    expect(session.idle && !session.stuck).toBe(true);
    expect(window.localStorage).toHaveLength(0);
  });

  it("while an answer is waited for is none of what is answered", async () => {
    const { send, taken } = server();
    let answered = () => undefined as unknown;
    const slow = (batch: Batch) => {
      const sent = structuredClone(batch);
      return new Promise<Answer>((done) => {
        answered = () => send(sent).then(done);
      });
    };
    const session = new EventSession("page-one", ME, slow);
    session.say(said(1));
    const flushed = session.flush();
    session.say(said(2));
    await session.flush(); // waits for the first
    await answered();
    await vi.waitFor(async () => {
      await answered();
      expect(taken).toEqual([1, 2]);
    });
    await flushed;
    expect(session.idle).toBe(true);
  });

  it("outlives the page, and is sent by the next", async () => {
    const { send } = server("later");
    const session = new EventSession("page-one", ME, send);
    session.say(said(1));
    await session.flush(true);
    vi.clearAllTimers();
    const next = server();
    vi.advanceTimersByTime(200_000);
    await sendLeft("somebody-else", next.send);
    expect(next.taken).toEqual([]);
    await sendLeft(ME, next.send);
    expect(next.taken).toEqual([1]);
    expect(window.localStorage).toHaveLength(0);
  });

  it("goes on with numbers that were not used", async () => {
    const { send } = server("later");
    const before = new EventSession("page-one", ME, send);
    before.say(said(1));
    await before.flush();
    before.close();
    const after = server();
    const session = new EventSession("page-one", ME, after.send);
    session.say(said(2));
    await session.flush();
    expect(after.batches[0]?.events.map(({ seq }) => seq)).toEqual([0, 1]);
  });

  it("is said before somebody signs out, and nothing is kept of it after that", async () => {
    const { send, taken } = server();
    const session = new EventSession("page-one", ME, send);
    session.say(said(1));
    const stay = beforeSigningOut(() => session.end());
    await sayLastWords();
    session.say(said(2));
    await session.flush(true);
    expect(taken).toEqual([1]);
    expect(window.localStorage).toHaveLength(0);
    stay();
  });

  it("is not kept any more once somebody signs out, however slow the server is", async () => {
    const answers: ((answer: Answer) => void)[] = [];
    const slow = () => new Promise<Answer>((done) => answers.push(done));
    const session = new EventSession("page-one", ME, slow);
    session.say(said(1));
    const before = session.flush();
    const stay = beforeSigningOut(() => session.end());
    const words = sayLastWords();
    await vi.advanceTimersByTimeAsync(2_000);
    await words;
    stay();
    session.say(said(2)); // the player goes
    await session.flush(true);
    expect(window.localStorage).toHaveLength(0);
    expect(answers).toHaveLength(2);
    for (const answer of answers) answer("later");
    await before;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(answers, "nothing is tried again").toHaveLength(2);
    expect(window.localStorage).toHaveLength(0);
  });

  it("after a long outage is said whole before somebody signs out, by requests of any size", async () => {
    const { send, taken } = server("later");
    const ways: boolean[] = [];
    const session = new EventSession("page-one", ME, (batch, leaving) => {
      ways.push(leaving);
      return send(batch);
    });
    for (let at = 0; at < 900; at += 1) session.say(said(at));
    await session.flush();
    await session.end();
    expect(new Set(taken).size).toBe(900);
    expect(ways).not.toContain(true);
  });

  it("is left in requests that browsers let outlive a page, once for each time", async () => {
    const { send, taken } = server();
    const sizes: number[] = [];
    const session = new EventSession("page-one", ME, (batch) => {
      sizes.push(new TextEncoder().encode(JSON.stringify(batch)).length);
      return send(batch);
    });
    const segments = Array.from({ length: 100 }, (_, at) => ({ start: at * 10, end: at * 10 + 5, rate: 1 }));
    for (let at = 0; at < 40; at += 1) session.say({ ...said(at), segments });
    const hidden = session.flush(true);
    const left = sizes.length;
    session.say(said(40));
    const gone = session.flush(true); // there is something new
    await session.flush(true);
    await Promise.all([hidden, gone]);
    expect(left).toBe(1);
    expect(Math.max(...sizes)).toBeLessThan(MAX_LEAVING_BYTES + 500);
    expect(taken).toEqual(Array.from({ length: 41 }, (_, at) => at));
    expect(session.idle).toBe(true);
    session.say(said(41));
    const before = sizes.length;
    await Promise.all([session.flush(true), session.flush(true)]);
    expect(sizes.length - before).toBe(1);
  });

  it("waits for a page of the same account once its own has gone", async () => {
    const { send, batches } = server("later");
    const session = new EventSession("page-one", ME, send);
    session.say(said(1));
    const flushed = session.flush(true);
    session.close();
    await flushed;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(batches).toHaveLength(1);
    expect(kept(ME, "page-one")?.events).toHaveLength(1);
  });

  it("is not sent for ever when it is refused", async () => {
    const { send, taken, batches } = server("refused");
    const session = new EventSession("page-one", ME, send);
    session.say(said(1));
    await session.flush();
    session.say(said(2));
    await session.flush();
    expect(taken).toEqual([2]);
    expect(batches).toHaveLength(2);
  });

  it("is given up alone where something of it does not fit, and the rest goes in one batch", async () => {
    const { send, taken, batches } = server("later", { misfits: [1, 3] });
    const session = new EventSession("page-one", ME, send);
    session.say(said(1));
    await session.flush();
    for (const at of [2, 3, 4, 5]) session.say(said(at));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(taken).toEqual([1, 3, 5]);
    expect(batches.at(-1)?.events.map(({ seq }) => seq)).toEqual([0, 1, 1]);
    expect(batches).toHaveLength(3);
    expect(session.idle && !session.stuck).toBe(true);
    expect(window.localStorage).toHaveLength(0);
  });

  it("is given up whole where nothing of it is named, and before somebody signs out, too", async () => {
    const { send, taken, batches } = server({ misfits: [7] }, { misfits: [0] });
    const session = new EventSession("page-one", ME, send);
    session.say(said(1));
    await session.flush();
    session.say(said(2));
    session.say(said(3));
    await session.end();
    expect(taken).toEqual([3]);
    expect(batches).toHaveLength(3);
  });

  it("is bounded, and goes in batches that the server takes", async () => {
    const { send, taken, batches } = server();
    const session = new EventSession("page-one", ME, send);
    for (let at = 0; at < MAX_KEPT + 50; at += 1) session.say(said(at));
    expect(kept(ME, "page-one")?.events).toHaveLength(MAX_KEPT);
    await session.flush();
    expect(Math.max(...batches.map(({ events }) => events.length))).toBeLessThanOrEqual(MAX_IN_BATCH);
    expect(taken).toHaveLength(MAX_KEPT);
    expect(taken.at(-1)).toBe(MAX_KEPT + 49);
  });

  it("takes no more room in the browser than it may, and the oldest gives way", () => {
    const long = (at: number) => ({ ...said(at), seq: at, metadata: { word: "w".repeat(2_900) } });
    const events = Array.from({ length: 100 }, (_, at) => long(at));
    for (let page = 0; page < 5; page += 1) keep(ME, { session_id: `page-${page}`, events, at_ms: page });
    expect(left(ME, 10).map(({ session_id }) => session_id)).toEqual(["page-2", "page-3", "page-4"]);
    keep(ME, { session_id: "page-5", events: Array.from({ length: 500 }, (_, at) => long(at)), at_ms: 5 });
    expect(kept(ME, "page-5")?.events.at(-1)?.seq).toBe(499);
    const size = Object.values(window.localStorage).reduce((sum, text) => sum + String(text).length, 0);
    expect(size).toBeLessThanOrEqual(MAX_KEPT_CHARS);
  });

  it("is forgotten when it is old, odd, or of too many pages", () => {
    const { send } = server();
    for (let page = 0; page < 25; page += 1) {
      vi.advanceTimersByTime(1000);
      new EventSession(`page-${page}`, ME, send).say(said(page));
    }
    window.localStorage.setItem(`vtp.events.${ME}.odd`, "{");
    expect(left(ME, Date.now()).map(({ session_id }) => session_id)).toEqual(
      Array.from({ length: 20 }, (_, index) => `page-${index + 5}`),
    );
    expect(window.localStorage).toHaveLength(20);
    expect(left(ME, Date.now() + 40 * 86_400_000)).toEqual([]);
    expect(window.localStorage).toHaveLength(0);
  });
});
