import { beforeEach, describe, expect, it, vi } from "vitest";
import { fileName, HttpClient, withQuery } from "./http";
import { ApiError, readProblem, retryAfterSeconds, sentence } from "./problem";

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });

describe("HttpClient", () => {
  let calls: [string, RequestInit][];
  let respond: (path: string, init: RequestInit) => Response;
  let http: HttpClient;

  beforeEach(() => {
    vi.useFakeTimers();
    calls = [];
    http = new HttpClient(async (input, init = {}) => {
      calls.push([String(input), init]);
      return respond(String(input), init);
    });
    respond = () => json({});
  });

  const authorization = (index: number) => new Headers(calls[index]?.[1].headers).get("Authorization");
  const paths = () => calls.map(([path]) => path);

  it("sends the token it was given", async () => {
    http.setGrant({ access_token: "one", expires_in: 900 });
    await http.json("GET", "/api/v1/rooms");
    expect(authorization(0)).toBe("Bearer one");
  });

  it("renews after a 401 and asks once more", async () => {
    http.setGrant({ access_token: "old", expires_in: 900 });
    respond = (path, init) => {
      if (path.endsWith("/refresh")) return json({ access_token: "new", expires_in: 900 });
      return new Headers(init.headers).get("Authorization") === "Bearer new"
        ? json({ ok: true })
        : json({}, 401);
    };
    expect(await http.json("GET", "/x")).toEqual({ ok: true });
    expect(paths()).toEqual(["/x", "/api/v1/auth/refresh", "/x"]);
  });

  it("asks for a session only where there may be one, and none is no error", async () => {
    respond = () => new Response(null, { status: 204 });
    expect(await http.refresh()).toBe(false);
    expect(JSON.parse(String(calls[0]?.[1].body))).toEqual({ if_any: true });
    expect(http.signedIn).toBe(false);
  });

  it("does not try again what the person got wrong, which would count twice against them", async () => {
    http.setGrant({ access_token: "good", expires_in: 900 });
    for (const code of ["wrong_password", "totp_wrong", "totp_required", "reauth_required"]) {
      calls = [];
      respond = () => json({ detail: "No.", code }, 401);
      await expect(http.json("POST", "/x", {})).rejects.toMatchObject({ code, message: "No." });
      expect(paths()).toEqual(["/x"]);
    }
    expect(http.signedIn).toBe(true);
  });

  it("lets two tabs renew one after the other, so that neither spends the other's token", async () => {
    let queue: Promise<unknown> = Promise.resolve();
    const request = (_: string, work: () => Promise<unknown>) => {
      queue = queue.then(work, work);
      return queue;
    };
    vi.stubGlobal("navigator", { locks: { request } });
    let cookie = 1;
    const spent = new Set<number>();
    const tab = () =>
      new HttpClient(async () => {
        const sent = cookie;
        await Promise.resolve();
        if (spent.has(sent)) return json({ code: "refresh_token_reused" }, 401);
        spent.add(sent);
        cookie += 1;
        return json({ access_token: `of ${sent}`, expires_in: 900 });
      });
    try {
      const tabs = [tab(), tab(), tab()];
      expect(await Promise.all(tabs.map((one) => one.refresh()))).toEqual([true, true, true]);
      expect(spent.size).toBe(3);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("tells when the role demands a second factor", async () => {
    const told = vi.fn();
    http.onFactorMissing = told;
    respond = () => json({ detail: "Set one up.", code: "second_factor_required" }, 403);
    await expect(http.json("GET", "/x")).rejects.toThrow("Set one up.");
    expect(told).toHaveBeenCalledOnce();
  });

  it("hands on the version of what it read, and a file with its name", async () => {
    respond = () => json({ a: 1 }, 200, { ETag: '"v1"' });
    expect((await http.exchange("GET", "/x")).headers.get("ETag")).toBe('"v1"');
    respond = () =>
      new Response("a,b", { headers: { "Content-Disposition": 'attachment; filename="x.csv"' } });
    const { blob, name } = await http.download("/x");
    expect([name, await blob.text()]).toEqual(["x.csv", "a,b"]);
    expect(fileName(null)).toBeNull();
  });

  it("renews before a token that is about to end", async () => {
    http.setGrant({ access_token: "old", expires_in: 20 });
    respond = () => json({ access_token: "new", expires_in: 900 });
    await http.send("/x");
    expect(paths()).toEqual(["/api/v1/auth/refresh", "/x"]);
    expect(authorization(1)).toBe("Bearer new");
  });

  it("shares one renewal among requests at the same time", async () => {
    http.setGrant({ access_token: "old", expires_in: 20 });
    respond = () => json({ access_token: "new", expires_in: 900 });
    await Promise.all([http.send("/a"), http.send("/b")]);
    expect(paths().filter((path) => path.endsWith("/refresh"))).toHaveLength(1);
  });

  it("tells when the server says that the account waits for approval", async () => {
    const told = vi.fn();
    http.onUnapproved = told;
    respond = () => json({ detail: "Wait.", code: "account_not_verified" }, 403);
    await expect(http.json("GET", "/x")).rejects.toThrow("Wait.");
    respond = () => json({ detail: "No.", code: "forbidden" }, 403);
    await expect(http.json("GET", "/x")).rejects.toThrow("No.");
    expect(told).toHaveBeenCalledOnce();
  });

  it("does not make a request wait that must outlive the page", async () => {
    http.setGrant({ access_token: "old", expires_in: 20 });
    await http.send("/whip/a/1", { method: "DELETE", keepalive: true });
    expect(paths()).toEqual(["/whip/a/1"]);
  });

  it("does nothing for who has signed in in another tab", async () => {
    const tokenOf = (sub: string) => `h.${btoa(JSON.stringify({ sub }))}.s`;
    http.setGrant({ access_token: tokenOf("ada"), expires_in: 900 });
    http.onSessionLost = vi.fn();
    respond = (path) =>
      path.endsWith("/refresh") ? json({ access_token: tokenOf("sam"), expires_in: 900 }) : json({}, 401);
    await expect(http.json("POST", "/x", {})).rejects.toMatchObject({ status: 401 });
    expect(paths()).toEqual(["/x", "/api/v1/auth/refresh"]);
    expect(http.onSessionLost).toHaveBeenCalledOnce();
    expect(http.signedIn).toBe(false);
  });

  it("says when the session is lost, and forgets the token", async () => {
    const lost = vi.fn();
    http.onSessionLost = lost;
    http.setGrant({ access_token: "old", expires_in: 900 });
    respond = () => json({}, 401);
    await expect(http.json("GET", "/x")).rejects.toMatchObject({ status: 401 });
    expect(lost).toHaveBeenCalledOnce();
    expect(http.signedIn).toBe(false);
  });

  it("stays signed in when the server cannot renew for a moment", async () => {
    http.setGrant({ access_token: "old", expires_in: 900 });
    respond = (path) => (path.endsWith("/refresh") ? json({}, 503) : json({}, 401));
    await expect(http.json("GET", "/x")).rejects.toMatchObject({ status: 503 });
    expect(http.signedIn).toBe(true);
  });

  it("makes a renewal by itself again soon, within the time that the server takes the same token twice", async () => {
    http.setGrant({ access_token: "old", expires_in: 900 });
    respond = () => {
      throw new TypeError("Failed to fetch");
    };
    await vi.advanceTimersByTimeAsync(722_500);
    expect(calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(calls.length, "and ever more seldom").toBeLessThan(10);
    expect(http.signedIn).toBe(true);
  });

  it("makes a renewal by itself again as late as the server says", async () => {
    http.setGrant({ access_token: "old", expires_in: 900 });
    respond = () => json({}, 429, { "Retry-After": "50" });
    await vi.advanceTimersByTimeAsync(769_000);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(calls).toHaveLength(2);
  });

  it("stays signed in when an answer to a renewal is not the server's", async () => {
    http.setGrant({ access_token: "old", expires_in: 900 });
    respond = () => new Response("<title>Sign in to this network</title>");
    await expect(http.refresh()).rejects.toMatchObject({ status: 0, unreachable: true });
    expect(http.signedIn).toBe(true);
  });

  it("turns a dead network into a sentence", async () => {
    respond = () => {
      throw new TypeError("Failed to fetch");
    };
    const error = await http.json("GET", "/x").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ status: 0, unreachable: true });
    expect(sentence(error)).toMatch(/cannot be reached/);
  });

  it("reads an empty answer as nothing", async () => {
    respond = () => new Response(null, { status: 204 });
    expect(await http.json("DELETE", "/x")).toBeUndefined();
  });
});

describe("readProblem", () => {
  it("takes the detail as a sentence and the errors by field", async () => {
    const error = await readProblem(
      json(
        {
          title: "Invalid",
          detail: "two fields are wrong",
          code: "invalid",
          errors: [{ pointer: "#/email", detail: "is taken" }],
        },
        422,
      ),
    );
    expect(error).toMatchObject({
      message: "Two fields are wrong.",
      code: "invalid",
      fields: { email: "Is taken." },
    });
  });

  it("says what is wrong where the detail says no more than to look", async () => {
    const detail = "The body is not acceptable; `errors` says where.";
    const errors = [
      { pointer: "/closes_at", detail: "is not after opens_at" },
      { pointer: "/parts/0", detail: "A question is named twice." },
    ];
    const error = await readProblem(json({ title: "Invalid", detail, code: "invalid", errors }, 422));
    expect(error.message).toBe("Closes at: is not after opens_at. A question is named twice.");
  });

  it("never shows a page of markup", async () => {
    const page = new Response("<html>502</html>", { status: 502, headers: { "Content-Type": "text/html" } });
    expect((await readProblem(page)).message).toBe("The server is not answering. Try again in a moment.");
  });

  it("survives broken JSON", async () => {
    const broken = new Response("{", {
      status: 403,
      headers: { "Content-Type": "application/problem+json" },
    });
    expect((await readProblem(broken)).message).toBe("Your account may not do this.");
  });
});

describe("small things", () => {
  it("reads Retry-After as seconds and as a date", () => {
    const now_ms = Date.parse("2026-01-01T00:00:00Z");
    expect(retryAfterSeconds("7", now_ms)).toBe(7);
    expect(retryAfterSeconds("Thu, 01 Jan 2026 00:00:30 GMT", now_ms)).toBe(30);
    expect(retryAfterSeconds("soon", now_ms)).toBeNull();
  });

  it("leaves empty values out of a query", () => {
    expect(withQuery("/r", { q: "", status: undefined, limit: 5 })).toBe("/r?limit=5");
    expect(withQuery("/r", {})).toBe("/r");
  });

  it("has a sentence for what is no error of ours", () => {
    expect(sentence("boom")).toBe("Something went wrong.");
    expect(sentence(new ApiError("No.", 500))).toBe("No.");
  });
});
