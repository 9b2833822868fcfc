import { beforeEach, describe, expect, it, vi } from "vitest";
import { HttpClient } from "../api/http";
import { EventSession } from "./event_session";
import { type Batch, batchSender, type SaidEvent } from "./events";
import { kept } from "./kept";
import { sendLeft } from "./send_left";

const ADA = "0190f0a0-ada";
const BEN = "0190f0a0-ben";
const said: SaidEvent = { event_type: "progress", timestamp: "2026-03-02T08:00:00Z", position: 1 };
const grantOf = (account: string) => ({
  access_token: `e30.${btoa(JSON.stringify({ sub: account }))}.x`,
  expires_in: 900,
});
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

/** A server that knows whose tokens are good, whose the cookie is, and takes of everybody what is their own. */
function school() {
  const known = {
    good: new Set<string>(),
    cookie: null as string | null,
    away: false,
    /** Whose token each batch came with. */
    came: [] as [string | null, Batch][],
  };
  const http = new HttpClient(async (input, init = {}) => {
    if (String(input).endsWith("/refresh"))
      return known.cookie ? json(grantOf(known.cookie)) : json({ code: "not_signed_in" }, 401);
    if (known.away) throw new TypeError("no network");
    const token = new Headers(init.headers).get("Authorization")?.slice("Bearer ".length) ?? null;
    const by = [ADA, BEN].find((account) => grantOf(account).access_token === token) ?? null;
    const batch = JSON.parse(String(init.body)) as Batch;
    known.came.push([by, batch]);
    if (by === null || !known.good.has(by)) return json({ code: "not_signed_in" }, 401);
    return batch.user_id === by ? json({}) : json({ code: "other_account" }, 403);
  });
  const enter = (account: string) => {
    known.cookie = account;
    known.good.add(account);
  };
  return { known, http, enter };
}

describe("what the server says of a batch", () => {
  const answered = (body: unknown, status: number) => {
    const http = new HttpClient(async () => json(body, status));
    http.setGrant(grantOf(ADA));
    return batchSender(http)({ session_id: "page-one", user_id: ADA, seq: 0, events: [] }, false);
  };
  const wrong = (...pointers: string[]) =>
    answered({ code: "invalid", errors: pointers.map((pointer) => ({ pointer, detail: "is not" })) }, 422);

  it("names the events in which something does not fit", async () => {
    const named = await wrong("/events/3/position", "/events/12/segments/0/start", "/events/3/timestamp");
    expect(named).toEqual({ misfits: [3, 12] });
  });

  it("is no more than that it was refused where nothing is named", async () => {
    expect(await wrong("/events", "/seq", "/events/x")).toBe("refused");
    expect(await answered({ code: "forbidden", errors: [{ pointer: "/events/1" }] }, 403)).toBe("refused");
    expect(await answered({}, 422)).toBe("refused");
  });
});

describe("what one person did", () => {
  beforeEach(() => {
    window.localStorage.clear();
    vi.useFakeTimers();
  });

  it("is never sent by the next who signs in on the page, and waits for who it is of", async () => {
    const { known, http, enter } = school();
    enter(ADA);
    http.setGrant(grantOf(ADA));
    known.good.delete(ADA); // her session has ended
    known.cookie = null;
    const session = new EventSession("page-one", ADA, batchSender(http));
    session.say(said);
    await session.flush();
    const asked = known.came.length;
    await vi.advanceTimersByTimeAsync(600_000);
    expect(known.came, "nobody is signed in").toHaveLength(asked);
    enter(BEN);
    http.setGrant(grantOf(BEN));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(known.came).toHaveLength(asked);
    expect(kept(ADA, "page-one")?.events).toHaveLength(1);
    enter(ADA);
    http.setGrant(grantOf(ADA));
    await sendLeft(ADA, batchSender(http));
    expect(known.came.at(-1)).toMatchObject([ADA, { user_id: ADA, events: [{ position: 1 }] }]);
    expect(window.localStorage).toHaveLength(0);
  });

  it("is not even tried with the token of the next", async () => {
    const { known, http, enter } = school();
    enter(ADA);
    http.setGrant(grantOf(ADA));
    known.away = true;
    const session = new EventSession("page-one", ADA, batchSender(http));
    session.say(said);
    await session.flush();
    known.away = false;
    enter(BEN);
    http.setGrant(grantOf(BEN));
    await vi.advanceTimersByTimeAsync(600_000);
    expect(known.came).toEqual([]);
    expect(kept(ADA, "page-one")?.events).toHaveLength(1);
  });

  it("is kept and not sent again where somebody signed in in another tab", async () => {
    const { known, http, enter } = school();
    http.setGrant(grantOf(ADA));
    enter(BEN);
    const session = new EventSession("page-one", ADA, batchSender(http));
    session.say(said);
    await session.flush();
    expect(known.came.map(([by, { user_id }]) => [by, user_id])).toEqual([[ADA, ADA]]);
    session.say(said);
    await session.flush();
    await session.flush(true);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(known.came).toHaveLength(1);
    expect(session.stuck).toBe(true);
    expect(kept(ADA, "page-one")?.events).toHaveLength(2);
  });
});
