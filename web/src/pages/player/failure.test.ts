import { afterEach, describe, expect, it, vi } from "vitest";
import { failureAt, failureOf } from "./failure";

const FULL = "The stream has 30 viewers, as many as it may have; try again in a moment.";
const problem = (detail: string) => JSON.stringify({ status: 503, code: "stream_full", detail });

function request(status: number, response: unknown = "", headers: Record<string, string> = {}) {
  const getResponseHeader = (name: string) => headers[name] ?? null;
  return { status, response, getResponseHeader } as unknown as XMLHttpRequest;
}

afterEach(() => vi.unstubAllGlobals());

describe("why a recording does not play", () => {
  const headers = { "Content-Type": "application/problem+json", "Retry-After": "10" };

  it("is what the server says, which says when to ask again", async () => {
    const expected = { message: FULL, retry_s: 10 };
    expect(await failureOf(request(503, problem(FULL), headers))).toEqual(expected);
    const bytes = new TextEncoder().encode(problem(FULL)).buffer; // of a segment
    expect(await failureOf(request(503, bytes, headers))).toEqual(expected);
    vi.stubGlobal("fetch", async () => new Response(problem(FULL), { status: 503, headers }));
    expect(await failureAt("/master.m3u8")).toEqual(expected);
  });

  it("is the connection where nothing answers, and that is tried again", async () => {
    for (const one of [null, request(0)]) {
      const failure = await failureOf(one);
      expect(failure.message).toContain("Check your connection");
      expect(failure.retry_s).toBeGreaterThan(0);
    }
    expect((await failureOf(request(502, "<html>"))).retry_s).toBeGreaterThan(0);
  });

  it("is not tried again where it would be in vain", async () => {
    for (const status of [401, 403, 404, 410]) expect((await failureOf(request(status))).retry_s).toBeNull();
    expect(
      await failureOf(request(503, problem("Its files are damaged."), { ...headers, "Retry-After": "" })),
    ).toEqual({ message: "Its files are damaged.", retry_s: null });
    expect((await failureOf(request(200))).message).toBe("The recording could not be loaded.");
  });
});
