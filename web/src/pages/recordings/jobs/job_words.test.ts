import { describe, expect, test } from "vitest";
import type { Job } from "../../../api/jobs";
import {
  beginWords,
  doneWords,
  endedJustNow,
  finishedSince,
  hasJobs,
  isOpen,
  reasonOf,
  stateWords,
} from "./job_words";

const job = (change: Partial<Job> = {}): Job => ({
  id: "j1",
  recording_id: "r1",
  kind: "ladder",
  state: "running",
  progress: 0.437,
  eta_seconds: 95,
  attempts: 1,
  last_error: null,
  next_try_at: null,
  ...change,
});

describe("a job in words", () => {
  test("what runs says how far it is, never rounded up, and how long it takes if that is known", () => {
    expect(stateWords(job())).toMatch(/^43 %, .+ left$/);
    expect(stateWords(job({ eta_seconds: null, progress: 0.999 }))).toBe("99 %");
    expect(stateWords(job({ eta_seconds: 2 }))).toBe("43 %, a few seconds left");
  });

  test("what did not work says why, and when it is tried again", () => {
    const waits = job({
      state: "queued",
      last_error: "The store is away.",
      next_try_at: "2030-01-01T12:00:00Z",
    });
    expect(stateWords(waits)).toMatch(/^Did not work, is tried again at .+/);
    expect(reasonOf(waits)).toBe("The store is away.");
    expect(beginWords(waits)).toBe("Try now");
    expect(reasonOf(job({ state: "failed", last_error: "Damaged." }))).toBe("Damaged.");
    expect(reasonOf(job({ last_error: "The store was away." }))).toBeNull();
  });

  test("each state offers what the server takes then", () => {
    expect([job(), job({ state: "queued", attempts: 0 })].map(beginWords)).toEqual([null, null]);
    expect(beginWords(job({ state: "failed" }))).toBe("Try again");
    expect(beginWords(job({ state: "cancelled" }))).toBe("Make other qualities");
    expect(beginWords(job({ state: "cancelled", kind: "upload" }))).toBe("Upload it");
    const states = ["queued", "running", "done", "failed", "cancelled"] as const;
    expect(states.filter((state) => isOpen(job({ state })))).toEqual(["queued", "running"]);
  });

  test("what was open and is gone is done; what was cancelled or failed is not", () => {
    const before = [job(), job({ id: "j2", state: "failed" }), job({ id: "j3", state: "queued" })];
    expect(finishedSince(before, [job({ id: "j3", state: "cancelled" })])).toEqual([before[0]]);
    expect(doneWords(job(), "Optics")).toContain("“Optics” has its other qualities now.");
  });

  test("it is asked for of ended recordings that the person may change, and a while after the end", () => {
    const may = { download: true, update: true, annotate: true, share: true, delete: true };
    expect(hasJobs({ may, status: "ready" })).toBe(true);
    expect(hasJobs({ may, status: "recording" })).toBe(false);
    expect(hasJobs({ may: { ...may, update: false }, status: "ready" })).toBe(false);
    const now_ms = Date.parse("2030-01-01T12:00:30Z");
    expect(endedJustNow({ stopped_at: "2030-01-01T12:00:00Z" }, now_ms)).toBe(true);
    expect(endedJustNow({ stopped_at: "2030-01-01T11:58:00Z" }, now_ms)).toBe(false);
    expect(endedJustNow({ stopped_at: null }, now_ms)).toBe(false);
  });
});
