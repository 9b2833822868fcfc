import { describe, expect, it } from "vitest";
import { linksIn, stateOfMail } from "./mail_state";

const mail = { sent_at: null, failed_at: null, attempts: 0, has_body: true };
const then = "2026-01-01T00:00:00Z";

describe("a mail", () => {
  it("is to be passed on where the server sends none", () => {
    expect(stateOfMail(mail, false)).toBe("kept");
    expect(stateOfMail({ ...mail, sent_at: then }, false)).toBe("sent");
  });

  it("is on its way, fails for a while, is given up", () => {
    expect(stateOfMail(mail, true)).toBe("waiting");
    expect(stateOfMail({ ...mail, attempts: 2 }, true)).toBe("failing");
    expect(stateOfMail({ ...mail, attempts: 9, failed_at: then }, true)).toBe("failed");
  });

  it("is over once its words are thrown away", () => {
    expect(stateOfMail({ ...mail, has_body: false }, false)).toBe("over");
    expect(stateOfMail({ ...mail, has_body: false, sent_at: then }, true)).toBe("sent");
  });

  it("gives its links, each once and whole", () => {
    const text = "Open\nhttps://a.example/reset#token=x-Y_1\nor https://a.example/reset#token=x-Y_1 <b>";
    expect(linksIn(text)).toEqual(["https://a.example/reset#token=x-Y_1"]);
    expect(linksIn("nothing here")).toEqual([]);
  });
});
