/** What the browser measures of a connection, boiled down to what a person can use. */

/** Counters of one reading; rates need two. */
interface Reading {
  at_ms: number;
  videoBytes: number;
  audioBytes: number;
  packets: number;
  lost: number;
  frames: number;
  jitterBufferDelay_s: number;
  jitterBufferEmitted: number;
  freezes: number;
}

export interface LinkStats {
  video_bps: number;
  audio_bps: number;
  frames_per_s: number;
  width: number;
  height: number;
  /** Such as "H264"; empty while unknown. */
  codec: string;
  roundTrip_ms: number | null;
  /** Share of packets lost since the last reading, 0 to 1. */
  lostShare: number;
  /** Time a received frame waits before it is shown. */
  buffer_ms: number | null;
  freezes: number;
  /** Why the sender sends less than it could: "none", "cpu", "bandwidth", "other". */
  limitedBy: string;
  /** For how long that has been the reason, without a break. */
  limitedFor_s: number;
  /** For how long the connection has been looked at; 0 at the first reading, which no rate can be made of. */
  measuredFor_s: number;
}

export type Quality = "good" | "fair" | "poor";

type Entry = Record<string, unknown> & { id: string; type: string; timestamp: number };
const number = (entry: Entry | undefined, name: string): number => {
  const value = entry?.[name];
  return typeof value === "number" ? value : 0;
};

/** Turns reports of one connection into figures. `incoming` reads what is received, else what is sent. */
export class StatsReader {
  #last: Reading | null = null;
  #first_ms: number | null = null;
  #limit = { reason: "none", since_ms: 0 };

  constructor(private readonly incoming: boolean) {}

  read(report: RTCStatsReport): LinkStats {
    const entries = [...(report as unknown as Map<string, Entry>).values()];
    const streams = entries.filter(
      (entry) => entry.type === (this.incoming ? "inbound-rtp" : "outbound-rtp"),
    );
    const video = streams.find((entry) => entry.kind === "video");
    const audio = streams.find((entry) => entry.kind === "audio");
    const remote = entries.filter((entry) => entry.type === "remote-inbound-rtp");
    const now = this.#reading(video, audio, remote);
    const before = this.#last ?? now;
    this.#last = now;
    this.#first_ms ??= now.at_ms || null;
    const seconds = Math.max(0.001, (now.at_ms - before.at_ms) / 1000);
    const rate = (name: "videoBytes" | "audioBytes" | "frames") =>
      Math.max(0, now[name] - before[name]) / seconds;
    const lost = Math.max(0, now.lost - before.lost);
    const passed = Math.max(0, now.packets - before.packets);
    const emitted = now.jitterBufferEmitted - before.jitterBufferEmitted;
    const reports = report as unknown as Map<string, Entry>;
    const codec = reports.get(String(video?.codecId))?.mimeType;
    return {
      video_bps: rate("videoBytes") * 8,
      audio_bps: rate("audioBytes") * 8,
      frames_per_s: Math.round(rate("frames")),
      width: number(video, "frameWidth"),
      height: number(video, "frameHeight"),
      codec: typeof codec === "string" ? codec.replace("video/", "") : "",
      roundTrip_ms: roundTrip(entries, reports),
      lostShare: lost + passed > 0 ? lost / (lost + passed) : 0,
      buffer_ms:
        emitted > 0 ? ((now.jitterBufferDelay_s - before.jitterBufferDelay_s) / emitted) * 1000 : null,
      freezes: now.freezes - before.freezes,
      ...this.#limitation(video, now.at_ms),
      measuredFor_s: this.#first_ms === null ? 0 : Math.max(0, now.at_ms - this.#first_ms) / 1000,
    };
  }

  #limitation(video: Entry | undefined, now_ms: number): Pick<LinkStats, "limitedBy" | "limitedFor_s"> {
    const told = video?.qualityLimitationReason;
    const reason = typeof told === "string" ? told : "none";
    if (reason !== this.#limit.reason) this.#limit = { reason, since_ms: now_ms };
    return { limitedBy: reason, limitedFor_s: (now_ms - this.#limit.since_ms) / 1000 };
  }

  #reading(video: Entry | undefined, audio: Entry | undefined, remote: Entry[]): Reading {
    const bytes = this.incoming ? "bytesReceived" : "bytesSent";
    const packets = this.incoming ? "packetsReceived" : "packetsSent";
    const lossOf = this.incoming ? [video, audio] : remote;
    return {
      at_ms: video?.timestamp ?? audio?.timestamp ?? 0,
      videoBytes: number(video, bytes),
      audioBytes: number(audio, bytes),
      packets: number(video, packets) + number(audio, packets),
      lost: lossOf.reduce((sum, entry) => sum + number(entry, "packetsLost"), 0),
      frames: number(video, this.incoming ? "framesDecoded" : "framesEncoded"),
      jitterBufferDelay_s: number(video, "jitterBufferDelay"),
      jitterBufferEmitted: number(video, "jitterBufferEmittedCount"),
      freezes: number(video, "freezeCount"),
    };
  }
}

function roundTrip(entries: Entry[], reports: Map<string, Entry>): number | null {
  const transport = entries.find((entry) => entry.type === "transport");
  const pair =
    reports.get(String(transport?.selectedCandidatePairId)) ??
    entries.find((entry) => entry.type === "candidate-pair" && entry.nominated === true);
  const seconds = number(pair, "currentRoundTripTime");
  return seconds > 0 ? seconds * 1000 : null;
}

/** Each connection starts small and grows for some seconds: a limit counts only once it has lasted. */
const LIMIT_LASTS_S = 15;

/** What keeps the sender from sending more: "cpu", "bandwidth", "other"; null when nothing lasting does. */
export function lastingLimit(stats: LinkStats): string | null {
  return stats.limitedBy !== "none" && stats.limitedFor_s >= LIMIT_LASTS_S ? stats.limitedBy : null;
}

/** Ways are found and the first frames decoded before: what is measured then is no one's network. */
const SETTLES_S = 3;

/** How good a connection is; null until it has been measured for a while. */
export function ratingOf(stats: LinkStats): Quality | null {
  return stats.measuredFor_s < SETTLES_S ? null : qualityOf(stats);
}

/** Loss above 2 % or 250 ms round trip is felt; above 8 % or 600 ms it is bad (ITU-T G.114 for delay). */
export function qualityOf(stats: LinkStats): Quality {
  const trip = stats.roundTrip_ms ?? 0;
  if (stats.lostShare > 0.08 || trip > 600) return "poor";
  if (stats.lostShare > 0.02 || trip > 250 || lastingLimit(stats) !== null || stats.freezes > 0)
    return "fair";
  return "good";
}
