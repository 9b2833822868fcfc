/** The SDP of a connection check: what the server's JSON says, as the browser wants to read it (RFC 8841). */
import type { CheckCandidate, ConnectionCheck } from "../api/checks";

/** The fingerprint of the browser's own certificate out of its offer. Throws when it has none. */
export function fingerprintOf(offer: string): string {
  const found = /^a=fingerprint:sha-256 (\S+)/m.exec(offer);
  if (!found?.[1]) throw new Error("The browser's offer has no SHA-256 fingerprint.");
  return found[1];
}

/** The server's answer to an offer of data channels alone. */
export function answerOf(check: ConnectionCheck): string {
  const { usernameFragment, password } = check.ice_parameters;
  const fingerprint = check.dtls_parameters.fingerprints.find(({ algorithm }) => algorithm === "sha-256");
  if (!fingerprint) throw new Error("The server's answer has no SHA-256 fingerprint.");
  return `${[
    "v=0",
    "o=- 1 1 IN IP4 127.0.0.1",
    "s=-",
    "t=0 0",
    "a=ice-lite",
    "a=group:BUNDLE 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    `a=ice-ufrag:${usernameFragment}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:sha-256 ${fingerprint.value}`,
    "a=setup:passive",
    `a=sctp-port:${check.sctp_port}`,
    "a=max-message-size:262144",
    ...check.ice_candidates.map(candidateLine),
    "a=end-of-candidates",
  ].join("\r\n")}\r\n`;
}

function candidateLine({ foundation, protocol, priority, address, port, tcpType }: CheckCandidate): string {
  const tcp = protocol === "tcp" ? ` tcptype ${tcpType ?? "passive"}` : "";
  return `a=candidate:${foundation} 1 ${protocol} ${priority} ${address} ${port} typ host${tcp}`;
}
