import { describe, expect, it } from "vitest";
import { ApiError, readProblem } from "../api/problem";
import { CallError } from "../class/call_error";
import type { Problem } from "../class/protocol";
import { BY_RIGHT_MS, refusalOf } from "./stream_refusal";

const FULL = "The stream has 50 viewers, as many as it may have; try again in a moment.";

const answer = (status: number, detail: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ detail }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });

describe("a stream that is refused", () => {
  it("says the server's sentence, and waits as long as the server says", async () => {
    const refusal = refusalOf(await readProblem(answer(503, FULL, { "Retry-After": "10" })));
    expect(refusal.message).toBe(FULL);
    expect(refusal.least_ms).toBeGreaterThanOrEqual(10_000);
    expect(refusal.least_ms).toBeLessThanOrEqual(12_500);
  });

  it("is seldom asked for again by who may not watch", async () => {
    const refusal = refusalOf(await readProblem(answer(403, "You may not watch this class.")));
    expect(refusal.message).toBe("You may not watch this class.");
    expect(refusal.least_ms).toBeGreaterThanOrEqual(BY_RIGHT_MS);
  });

  it("says so in a class, too", () => {
    const problem = { status_code: 403, message: "You were removed." } as Problem;
    expect(refusalOf(new CallError("You were removed.", "forbidden", problem))).toMatchObject({
      message: "You were removed.",
    });
  });

  it("says what keeps it from being asked for", () => {
    expect(refusalOf(new ApiError("The server cannot be reached.", 0)).message).not.toBe("");
  });

  it("is only waited for where it has just begun, is gone, or the class says itself what is wrong", async () => {
    const begun = await readProblem(answer(503, "The stream has just begun.", { "Retry-After": "1" }));
    expect(refusalOf(begun).message).toBe("");
    expect(refusalOf(await readProblem(answer(404, "There is none."))).message).toBe("");
    expect(refusalOf(new CallError("The connection is lost.", "lost"))).toEqual({ message: "", least_ms: 0 });
  });
});
