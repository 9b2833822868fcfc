/** SDP fragments of ICE restarts (RFC 8840 section 9; RFC 9725 section 4.3.3). */

const lines = (sdp: string) => sdp.split(/\r?\n/).filter((line) => line.length > 0);
const value = (sdp: string, name: string) =>
  lines(sdp)
    .find((line) => line.startsWith(`a=${name}:`))
    ?.slice(name.length + 3);

/** Our new ICE credentials out of a local offer, as the body of the PATCH. Throws when it has none. */
export function fragmentOf(offer: string): string {
  const [ufrag, password] = [value(offer, "ice-ufrag"), value(offer, "ice-pwd")];
  const media = lines(offer).find((line) => line.startsWith("m="));
  const mid = value(offer, "mid");
  if (!ufrag || !password || !media || mid === undefined)
    throw new Error("The offer has no ICE credentials.");
  const group = lines(offer).find((line) => line.startsWith("a=group:BUNDLE"));
  const body = [
    ...(group ? [group] : []),
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    media,
    `a=mid:${mid}`,
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    ...lines(offer).filter((line) => line.startsWith("a=candidate:")),
  ];
  return `${body.join("\r\n")}\r\n`;
}

/** The answer in force with the credentials and candidates of the server's fragment. Throws when it has none. */
export function applyFragment(answer: string, fragment: string): string {
  const [ufrag, password] = [value(fragment, "ice-ufrag"), value(fragment, "ice-pwd")];
  if (!ufrag || !password) throw new Error("The server's answer to the ICE restart has no credentials.");
  const candidates = lines(fragment).filter((line) => line.startsWith("a=candidate:"));
  const kept = lines(answer).filter(
    (line) => candidates.length === 0 || !/^a=(candidate:|end-of-candidates)/.test(line),
  );
  const renewed = kept.flatMap((line) => {
    if (line.startsWith("a=ice-ufrag:")) return [`a=ice-ufrag:${ufrag}`];
    if (line.startsWith("a=ice-pwd:")) return [`a=ice-pwd:${password}`, ...candidates];
    return [line];
  });
  return `${renewed.join("\r\n")}\r\n`;
}
