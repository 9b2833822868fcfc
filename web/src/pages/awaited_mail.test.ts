import { describe, expect, it } from "vitest";
import type { ServerInfo } from "../api/server";
import { awaitedMail } from "./awaited_mail";

const server = { mail: true, approval: "mail" } as ServerInfo;
const email = "ada@school.example";

describe("the mail that somebody waits for", () => {
  it("is that to their address, where confirming it lets them in", () => {
    expect(awaitedMail({ email }, server)).toBe(email);
    expect(awaitedMail({ email }, { ...server, approval: "admin" })).toBeNull();
    expect(awaitedMail({ email }, { ...server, mail: false })).toBeNull();
  });

  it("is none once an administrator has taken the approval back", () => {
    expect(awaitedMail({ email, approval_withdrawn: true }, server)).toBeNull();
  });
});
