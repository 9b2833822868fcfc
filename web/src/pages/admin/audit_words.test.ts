import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../../api/audit";
import { eventWords, factsOf, instantOf, subjectParts } from "./audit_words";

const entry: AuditEntry = {
  id: "1",
  at: "2026-01-01T00:00:00Z",
  event: "user_updated",
  actor_id: null,
  actor_name: null,
  subject: "user:42",
  ip: "192.0.2.1",
  user_agent: null,
  request_id: "",
  details: { role: "teacher", fields: ["phone"], gone: null },
};

describe("the audit log in words", () => {
  it("names events, and spells out those it does not know", () => {
    expect(eventWords("authn_login_fail")).toBe("Sign-in refused");
    expect(eventWords("authn_something_new")).toBe("Something new");
  });

  it("leaves out facts that are empty and shows structures as they are", () => {
    expect(factsOf(entry)).toEqual([
      ["Event", "user_updated"],
      ["To what", "user:42"],
      ["Address", "192.0.2.1"],
      ["role", "teacher"],
      ["fields", '["phone"]'],
    ]);
  });

  it("takes subjects apart", () => {
    expect(subjectParts("user:42")).toEqual({ kind: "user", id: "42" });
    expect(subjectParts("somebody")).toEqual({ kind: "", id: "somebody" });
    expect(subjectParts(null)).toBeNull();
  });

  it("reads local times as moments", () => {
    expect(instantOf("2026-03-01T10:00")).toBe(new Date(2026, 2, 1, 10).toISOString());
    expect(instantOf("")).toBe("");
  });
});
