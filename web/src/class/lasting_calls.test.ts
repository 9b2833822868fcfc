import { describe, expect, it, vi } from "vitest";
import { CallError } from "./call_error";
import { LastingCalls } from "./lasting_calls";

const LOST = new CallError("The connection is lost at the moment.", "lost");
const REFUSED = new CallError("You may not send here.", "forbidden");
const ANSWER = { id: "p1", producerId: "p1", kind: "video" } as const;

const begun = async () => {
  await Promise.resolve();
  await Promise.resolve();
};

describe("calls that a lost connection does not fail", () => {
  it("are made once where they are answered", async () => {
    const attempt = vi.fn(async () => ANSWER);
    await expect(new LastingCalls().make<"produce">(attempt)).resolves.toBe(ANSWER);
    expect(attempt.mock.calls).toEqual([[false]]);
  });

  it("are made again when the connection is back, as often as it is lost", async () => {
    const lasting = new LastingCalls();
    const attempt = vi.fn().mockRejectedValueOnce(LOST).mockRejectedValueOnce(LOST).mockResolvedValue(ANSWER);
    const made = lasting.make<"produce">(attempt);
    await begun();
    expect(attempt).toHaveBeenCalledTimes(1);
    lasting.goOn();
    await begun();
    lasting.goOn();
    await expect(made).resolves.toBe(ANSWER);
    expect(attempt.mock.calls).toEqual([[false], [true], [true]]);
  });

  it("fail with what the server refuses", async () => {
    await expect(new LastingCalls().make<"produce">(() => Promise.reject(REFUSED))).rejects.toBe(REFUSED);
  });

  it("fail when all is closed while they wait, and after that at once", async () => {
    const lasting = new LastingCalls();
    const made = lasting.make<"produce">(() => Promise.reject(LOST));
    await begun();
    lasting.close();
    await expect(made).rejects.toBe(LOST);
    await expect(lasting.make<"produce">(() => Promise.reject(LOST))).rejects.toBe(LOST);
  });
});
