import { describe, expect, it } from "vitest";
import type { AccessEntry } from "../../api/recordings";
import { dayStart, detailOf, whoOf } from "./access_words";

const entry: AccessEntry = {
  id: "1",
  at: "2026-01-01T00:00:00Z",
  action: "opened",
  user_id: null,
  user_name: null,
  link_id: null,
  link_title: null,
  ip_address: "192.0.2.1",
  user_agent: null,
};

describe("the log of access in words", () => {
  it("says who it was, as far as that is known", () => {
    expect(whoOf({ ...entry, user_id: "7", user_name: "Sam" })).toBe("Sam");
    expect(whoOf({ ...entry, user_id: "7" })).toBe("Somebody without a name");
    expect(whoOf({ ...entry, link_id: "8", link_title: "Parents" })).toBe("By the link “Parents”");
    expect(whoOf({ ...entry, link_id: "8" })).toBe("By a link");
    expect(whoOf(entry)).toBe("Somebody without an account");
  });

  it("says which link was made, and with what it was watched", () => {
    expect(detailOf(entry)).toBe("192.0.2.1");
    const made = {
      ...entry,
      action: "shared",
      link_title: "Parents",
      user_agent: "VLC/3.0.20 LibVLC",
    } as const;
    expect(detailOf(made)).toBe("“Parents” · VLC/3.0.20 · 192.0.2.1");
  });

  it("takes whole days as the person's clock has them", () => {
    expect(dayStart("2026-03-31")).toBe(new Date(2026, 2, 31).toISOString());
    expect(dayStart("2026-03-31", 1)).toBe(new Date(2026, 3, 1).toISOString());
    expect(dayStart("")).toBe("");
  });
});
