import { describe, expect, it } from "vitest";
import type { ConnectionCheck } from "../api/checks";
import { answerOf, fingerprintOf } from "./answer";

const CHECK: ConnectionCheck = {
  ice_parameters: { usernameFragment: "uf", password: "pw" },
  ice_candidates: [
    { foundation: "udp0", priority: 9, address: "192.0.2.1", protocol: "udp", port: 40000 },
    {
      foundation: "tcp0",
      priority: 8,
      address: "2001:db8::1",
      protocol: "tcp",
      port: 40000,
      tcpType: "passive",
    },
  ],
  ice_servers: [],
  dtls_parameters: {
    fingerprints: [
      { algorithm: "sha-512", value: "FF" },
      { algorithm: "sha-256", value: "AB:CD" },
    ],
  },
  sctp_port: 5000,
  channels: {
    echo_send: 0,
    echo_receive: 1,
    bulk_send: 2,
    bulk_receive: 3,
    upload_bytes: 1,
    download_bytes: 1,
  },
  expires_in_s: 20,
  visitor: { address: "192.0.2.9", kind: "private" },
  warnings: [],
};

describe("answerOf", () => {
  it("names our side of the transport and every candidate", () => {
    const lines = answerOf(CHECK).split("\r\n");
    expect(lines).toContain("a=ice-ufrag:uf");
    expect(lines).toContain("a=ice-pwd:pw");
    expect(lines).toContain("a=fingerprint:sha-256 AB:CD");
    expect(lines).toContain("a=sctp-port:5000");
    expect(lines).toContain("a=candidate:udp0 1 udp 9 192.0.2.1 40000 typ host");
    expect(lines).toContain("a=candidate:tcp0 1 tcp 8 2001:db8::1 40000 typ host tcptype passive");
    expect(lines.at(-1)).toBe("");
  });

  it("refuses a side without a fingerprint that browsers take", () => {
    const other = { ...CHECK, dtls_parameters: { fingerprints: [{ algorithm: "sha-1", value: "AB" }] } };
    expect(() => answerOf(other)).toThrow(/SHA-256/);
  });
});

describe("fingerprintOf", () => {
  it("finds the certificate's fingerprint in an offer", () => {
    expect(fingerprintOf("v=0\r\na=fingerprint:sha-256 12:34\r\na=setup:actpass\r\n")).toBe("12:34");
  });

  it("refuses an offer without one", () => {
    expect(() => fingerprintOf("v=0\r\n")).toThrow(/fingerprint/);
  });
});
