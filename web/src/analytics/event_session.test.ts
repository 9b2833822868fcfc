import { beforeEach, describe, expect, it, vi } from "vitest";
import { EventSession, MAX_IN_BATCH, MAX_KEPT } from "./event_session";
import type { Answer, Batch, SaidEvent } from "./events";
import { kept, left } from "./kept";
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
    if (answer === "refused") return answer;
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
