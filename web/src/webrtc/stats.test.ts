import { describe, expect, it } from "vitest";
import { type LinkStats, qualityOf, ratingOf, StatsReader } from "./stats";

const report = (entries: Record<string, unknown>[]) =>
  new Map(entries.map((entry) => [entry.id, entry])) as unknown as RTCStatsReport;

const inbound = (timestamp: number, more: Record<string, unknown>) =>
  report([
    { id: "v", type: "inbound-rtp", kind: "video", timestamp, codecId: "c", ...more },
    { id: "c", type: "codec", mimeType: "video/H264", timestamp },
    { id: "t", type: "transport", selectedCandidatePairId: "p", timestamp },
    { id: "p", type: "candidate-pair", currentRoundTripTime: 0.04, timestamp },
  ]);

describe("StatsReader", () => {
  it("makes rates of two readings", () => {
    const reader = new StatsReader(true);
    reader.read(inbound(1000, { bytesReceived: 1000, framesDecoded: 0, packetsReceived: 0, packetsLost: 0 }));
    const stats = reader.read(
      inbound(3000, {
        bytesReceived: 251_000,
        framesDecoded: 60,
        packetsReceived: 90,
        packetsLost: 10,
        jitterBufferDelay: 3,
        jitterBufferEmittedCount: 60,
        frameWidth: 1280,
        frameHeight: 720,
      }),
    );
    expect(stats).toMatchObject({
      video_bps: 1_000_000,
      frames_per_s: 30,
      lostShare: 0.1,
      buffer_ms: 50,
      roundTrip_ms: 40,
      codec: "H264",
      width: 1280,
    });
  });

  it("shows no rate from one reading alone", () => {
    expect(new StatsReader(true).read(inbound(1000, { bytesReceived: 5000 })).video_bps).toBe(0);
  });

  it("rates nothing before it has measured for a while, however long the first way there took", () => {
    const reader = new StatsReader(true);
    const slow = (timestamp: number) =>
      report([
        { id: "v", type: "inbound-rtp", kind: "video", timestamp },
        { id: "p", type: "candidate-pair", nominated: true, currentRoundTripTime: 0.9, timestamp },
      ]);
    expect([1000, 2000, 3900, 4000].map((at) => ratingOf(reader.read(slow(at))))).toEqual([
      null,
      null,
      null,
      "poor",
    ]);
  });

  it("takes the loss of what is sent from the receiver's reports", () => {
    const sent = (timestamp: number, packetsSent: number, packetsLost: number) =>
      report([
        { id: "o", type: "outbound-rtp", kind: "video", timestamp, packetsSent, bytesSent: 0 },
        { id: "r", type: "remote-inbound-rtp", kind: "video", timestamp, packetsLost },
      ]);
    const reader = new StatsReader(false);
    reader.read(sent(0, 0, 0));
    expect(reader.read(sent(1000, 75, 25)).lostShare).toBe(0.25);
  });
});

describe("limits of the sender", () => {
  it("are timed from when they began", () => {
    const sent = (timestamp: number, qualityLimitationReason: string) =>
      report([{ id: "o", type: "outbound-rtp", kind: "video", timestamp, qualityLimitationReason }]);
    const reader = new StatsReader(false);
    reader.read(sent(0, "bandwidth"));
    expect(reader.read(sent(9000, "bandwidth")).limitedFor_s).toBe(9);
    expect(reader.read(sent(10_000, "cpu"))).toMatchObject({ limitedBy: "cpu", limitedFor_s: 0 });
  });
});

describe("qualityOf", () => {
  const stats = (more: Partial<LinkStats>): LinkStats => ({
    video_bps: 1,
    audio_bps: 1,
    frames_per_s: 30,
    width: 1,
    height: 1,
    codec: "",
    roundTrip_ms: 20,
    lostShare: 0,
    buffer_ms: 50,
    freezes: 0,
    limitedBy: "none",
    limitedFor_s: 0,
    measuredFor_s: 60,
    ...more,
  });

  it("grades by loss, delay, freezes and limits", () => {
    expect(qualityOf(stats({}))).toBe("good");
    expect(qualityOf(stats({ lostShare: 0.03 }))).toBe("fair");
    expect(qualityOf(stats({ limitedBy: "bandwidth", limitedFor_s: 20 }))).toBe("fair");
    expect(qualityOf(stats({ limitedBy: "bandwidth", limitedFor_s: 3 }))).toBe("good");
    expect(qualityOf(stats({ freezes: 1 }))).toBe("fair");
    expect(qualityOf(stats({ roundTrip_ms: 700 }))).toBe("poor");
    expect(qualityOf(stats({ lostShare: 0.2 }))).toBe("poor");
  });
});
