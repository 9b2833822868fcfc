import { describe, expect, it } from "vitest";
import { iceServersOf } from "./ice_servers";

describe("ice servers of Link headers", () => {
  it("reads STUN servers, and TURN servers with their credentials", () => {
    const header =
      '<stun:stun.example:3478>; rel="ice-server", ' +
      '<turn:turn.example?transport=udp>; rel="ice-server"; username="1:a"; ' +
      'credential="a+b/c="; credential-type="password"';
    expect(iceServersOf(header)).toEqual([
      { urls: "stun:stun.example:3478" },
      { urls: "turn:turn.example?transport=udp", username: "1:a", credential: "a+b/c=" },
    ]);
  });

  it("leaves other links out, and commas within quotes alone", () => {
    expect(iceServersOf('<https://a.example/>; rel="next"; title="a, <turn:b>; rel=x"')).toEqual([]);
    expect(iceServersOf("")).toEqual([]);
  });
});
