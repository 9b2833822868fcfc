/** A first guess of the bandwidth for Chromium, which else starts at 300 kbit/s with a tiny picture. */

/** What an ordinary connection carries; within seconds measurements take over. */
const START_KBPS = 1_500;

/**
 * The answer with `x-google-start-bitrate` on every video codec. Without it Chromium begins a 720p camera
 * at 320 by 180 and takes 16 s to grow, and each step is a discontinuity in a recording. Other browsers
 * ignore the parameter.
 */
export function withStartBitrate(answer: string, max_bps: number): string {
  const kbps = Math.min(START_KBPS, Math.round(max_bps / 1000));
  const parameter = `x-google-start-bitrate=${kbps}`;
  const sections = answer.split(/(?=^m=)/m);
  return sections
    .map((section) => (section.startsWith("m=video") ? tune(section, parameter) : section))
    .join("");
}

function tune(section: string, parameter: string): string {
  const bare = new Set<string>();
  for (const [, payload = "", name = ""] of section.matchAll(/^a=rtpmap:(\d+) (\w+)\//gm)) {
    if (!/^(rtx|red|ulpfec|flexfec)/i.test(name)) bare.add(payload);
  }
  const tuned = section.replace(
    /^(a=fmtp:(\d+) )([^\r\n]+)/gm,
    (line, head: string, payload: string, rest: string) =>
      bare.delete(payload) ? `${head}${rest};${parameter}` : line,
  );
  return tuned.replace(/^a=rtpmap:(\d+) [^\r\n]+/gm, (line, payload: string) =>
    bare.has(payload) ? `${line}\r\na=fmtp:${payload} ${parameter}` : line,
  );
}
