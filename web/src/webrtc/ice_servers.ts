/** STUN and TURN servers as an answer's `Link` headers name them (RFC 9725 section 4.6, RFC 8288). */

const LINK = /<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,"]+))*)/g;
const PARAMETER = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]+))/g;

/** Those of the links whose relation is `ice-server`; `header` may hold several, with commas between them. */
export function iceServersOf(header: string): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, urls = "", text = ""] of header.matchAll(LINK)) {
    const parameters = new Map(
      [...text.matchAll(PARAMETER)].map(([, name = "", quoted, bare]) => [
        name.toLowerCase(),
        quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "",
      ]),
    );
    if (parameters.get("rel") !== "ice-server") continue;
    const username = parameters.get("username");
    const credential = parameters.get("credential");
    servers.push(username && credential ? { urls, username, credential } : { urls });
  }
  return servers;
}
