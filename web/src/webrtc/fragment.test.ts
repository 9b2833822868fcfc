import { describe, expect, it } from "vitest";
import { applyFragment, fragmentOf } from "./fragment";

const OFFER = [
  "v=0",
  "a=group:BUNDLE 0 1",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=ice-ufrag:newU",
  "a=ice-pwd:new-password",
  "a=mid:0",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "a=ice-ufrag:newU",
  "a=ice-pwd:new-password",
  "a=mid:1",
  "",
].join("\r\n");

const ANSWER = [
  "v=0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=ice-ufrag:oldS",
  "a=ice-pwd:old-secret",
  "a=candidate:1 1 udp 1 192.0.2.1 40000 typ host",
  "a=end-of-candidates",
  "a=mid:0",
  "",
].join("\r\n");

describe("fragmentOf", () => {
  it("carries credentials, bundle, first media line and mid", () => {
    const body = fragmentOf(OFFER).split("\r\n");
    expect(body).toContain("a=ice-ufrag:newU");
    expect(body).toContain("a=ice-pwd:new-password");
    expect(body).toContain("a=group:BUNDLE 0 1");
    expect(body).toContain("m=audio 9 UDP/TLS/RTP/SAVPF 111");
    expect(body).toContain("a=mid:0");
    expect(body).not.toContain("a=mid:1");
  });

  it("refuses an offer without credentials", () => {
    expect(() => fragmentOf("v=0\r\nm=audio 9 X 0\r\na=mid:0\r\n")).toThrow(/ICE credentials/);
  });
});

describe("applyFragment", () => {
  it("puts the server's new credentials in place of the old", () => {
    const renewed = applyFragment(ANSWER, "a=ice-ufrag:srvU\r\na=ice-pwd:srv-pw\r\n");
    expect(renewed).toContain("a=ice-ufrag:srvU\r\n");
    expect(renewed).not.toContain("oldS");
    expect(renewed).toContain("192.0.2.1 40000");
  });

  it("replaces candidates when the fragment has some", () => {
    const fragment =
      "a=ice-ufrag:srvU\na=ice-pwd:srv-pw\na=candidate:1 1 udp 1 198.51.100.7 40000 typ host\n";
    const renewed = applyFragment(ANSWER, fragment);
    expect(renewed).toContain("198.51.100.7");
    expect(renewed).not.toContain("192.0.2.1");
    expect(renewed).not.toContain("end-of-candidates");
  });

  it("refuses a fragment without credentials", () => {
    expect(() => applyFragment(ANSWER, "a=mid:0\r\n")).toThrow(/no credentials/);
  });
});
