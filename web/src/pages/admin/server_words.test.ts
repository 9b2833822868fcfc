import { describe, expect, it } from "vitest";
import type { ServerState, Setting } from "../../api/overview";
import { factsOf, found, shownValue } from "./server_words";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const STATE: ServerState = {
  version: "1.2.3",
  started_at: "2026-11-29T10:00:00Z",
  draining: false,
  classes: 1,
  checks: { database: "ok", media: "ok", disk: "ok" },
  database: "postgresql://…@db/vtp",
  data_folder: "/srv/vtp",
  disk_free_bytes: 500e9,
  disk_total_bytes: 900e9,
  disk_needed_bytes: 1e9,
  storage: "",
  media: [
    { protocol: "udp", address: "192.0.2.1", port: 4000 },
    { protocol: "udp", address: "2001:db8::1", port: 4000 },
    { protocol: "tcp", address: "192.0.2.1", port: 4000 },
  ],
  turn: ["turn:t.example"],
  tls: "acme",
  public_url: "https://school.example",
  mail: "mail.example:587",
  mails_waiting: 0,
  mails_failed: 0,
  jobs_waiting: 0,
  jobs_running: 0,
  jobs_failed: 0,
  last_backup_at: "2026-11-29T03:00:00Z",
};
const facts = (more: Partial<ServerState> = {}) =>
  Object.fromEntries(factsOf({ ...STATE, ...more }, NOW).map((one) => [one.name, one]));

describe("what is said of a server", () => {
  it("is that all is well where it is", () => {
    expect(factsOf(STATE, NOW).filter(({ how }) => how !== "good")).toEqual([]);
    expect(facts().Server?.value).toContain("vtp 1.2.3, up for 2");
    expect(facts()["Sound and pictures"]?.value).toBe("UDP 4000; TCP 4000");
  });

  it("has the server's own sentence where a check fails", () => {
    const checks = { ...STATE.checks, database: "The database does not answer." };
    expect(facts({ checks }).Database).toMatchObject({
      how: "wrong",
      words: "The database does not answer.",
    });
  });

  it("does not say that nothing failed where the database does not answer", () => {
    const away = facts({ checks: { ...STATE.checks, database: "The database does not answer." } });
    expect(away["Work on recordings"]).toMatchObject({ value: "Not known", how: "note" });
    expect(away.Mail).toMatchObject({ value: "mail.example:587", how: "note" });
  });

  it("tells a disk that cannot be read from a full one", () => {
    const away = {
      disk_free_bytes: 0,
      disk_total_bytes: 0,
      checks: { ...STATE.checks, disk: "It is away." },
    };
    expect(facts(away)["Disk of the data folder"]).toMatchObject({
      value: "It cannot be read",
      how: "wrong",
    });
  });

  it("warns of a disk before nothing can be recorded, and of a backup that is old or was never made", () => {
    expect(facts({ disk_free_bytes: 4e9 })["Disk of the data folder"]?.how).toBe("note");
    expect(facts({ last_backup_at: null })["Last backup"]?.how).toBe("note");
    expect(facts({ last_backup_at: "2026-11-20T03:00:00Z" })["Last backup"]?.how).toBe("wrong");
  });

  it("says what a server without mail, TLS, address and relay leaves to whom", () => {
    const bare = facts({ mail: "", tls: "off", public_url: "", turn: [], jobs_failed: 1 });
    const noted = Object.values(bare).filter(({ how }) => how === "note");
    expect(noted.map(({ name }) => name)).toEqual([
      "Way around blocked networks (TURN)",
      "Address for people",
      "Encryption of pages (TLS)",
      "Mail",
      "Work on recordings",
    ]);
    expect(noted.every(({ words }) => words)).toBe(true);
  });
});

describe("settings", () => {
  const of = (name: string, value: string, more: Partial<Setting> = {}): Setting => ({
    name,
    value,
    secret: false,
    is_set: true,
    origin: "",
    ...more,
  });

  it("are shown as one writes them, and what is secret as whether it is set", () => {
    expect(shownValue(of("http.port", "8080"))).toBe("8080");
    expect(shownValue(of("log.level", '"info"'))).toBe("info");
    expect(shownValue(of("media.turn_urls", "[]"))).toBe("—");
    expect(shownValue(of("mail.password", "", { secret: true }))).toBe("Set, and not shown");
    expect(shownValue(of("mail.password", "", { secret: true, is_set: false }))).toBe("Not set");
  });

  it("are found by name, value and origin", () => {
    const all = [of("http.port", "8080"), of("log.level", '"debug"', { origin: "VTP_LOG__LEVEL" })];
    const names = (words: string) => found(all, words).map(({ name }) => name);
    expect(names("vtp_ level")).toEqual(["log.level"]);
    expect(names("8080")).toEqual(["http.port"]);
    expect(names("")).toHaveLength(2);
  });
});
