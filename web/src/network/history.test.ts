import { describe, expect, it } from "vitest";
import type { PersonConnections, PictureWatched, RoomConnections } from "../api/rooms";
import { type Frame, linePath, runsOf, topOf } from "./chart";
import { grow, type History, KEPT_MS, sampleAt } from "./history";

const START = Date.parse("2026-11-27T08:00:00Z");

const person = (more: Partial<PersonConnections> = {}): PersonConnections => ({
  participant_id: "sam",
  full_name: "Sam",
  role: "student",
  quality: "good",
  reason: null,
  connected: true,
  available_bps: 2_500_000,
  bytes_sent: 0,
  bytes_received: 0,
  round_trip_ms: 40,
  loss_sending: null,
  loss_receiving: 0.015,
  limited: false,
  watches: [],
  ...more,
});

const told = (after_s: number, ...participants: PersonConnections[]): RoomConnections => ({
  room_id: "r",
  slug: "algebra",
  at: new Date(START + after_s * 1000).toISOString(),
  participants,
});

const all = (...replies: RoomConnections[]) => replies.reduce<History>(grow, []);
const only = (history: History) => history[0]?.samples ?? [];

describe("the history of a connection", () => {
  it("makes rates of counters, by the server's clock", () => {
    const samples = only(
      all(told(0, person()), told(2, person({ bytes_sent: 250_000, bytes_received: 500 }))),
    );
    expect(samples.map((one) => one.sent_mbps)).toEqual([null, 1]);
    expect(samples[1]?.received_mbps).toBe(0.002);
    expect(samples[1]?.available_mbps).toBe(2.5);
    expect([samples[1]?.lossSending_pct, samples[1]?.lossReceiving_pct]).toEqual([null, 1.5]);
  });

  it("knows no rate where a new connection has begun to count anew", () => {
    const samples = only(all(told(0, person({ bytes_sent: 9000 })), told(2, person({ bytes_sent: 100 }))));
    expect(samples[1]?.sent_mbps).toBeNull();
  });

  it("takes the same moment once", () => {
    expect(only(all(told(0, person()), told(2, person()), told(2, person())))).toHaveLength(2);
  });

  it("keeps five minutes, and nothing of who has gone", () => {
    const replies = Array.from({ length: 200 }, (_, at) => told(at * 2, person()));
    const samples = only(all(...replies));
    expect(samples).toHaveLength(KEPT_MS / 2000);
    expect(all(...replies, told(400))).toEqual([]);
    expect(only(all(...replies, told(400), told(402, person())))).toHaveLength(1);
  });

  it("tells how large each picture is of what there is", () => {
    const picture = (more: Partial<PictureWatched>) => ({ ...PICTURE, ...more });
    const watches = [
      picture({ consumer_id: "large", spatial_layer: 2, layers: 3, height: 720 }),
      picture({ consumer_id: "small", spatial_layer: 0, layers: 3 }),
      picture({ consumer_id: "none", state: "withheld", spatial_layer: null, layers: 3 }),
    ];
    const [sample] = only(all(told(0, person({ watches }))));
    expect(sample?.pictures.large).toEqual({ share: 1, height: 720, withheld: false });
    expect(sample?.pictures.small?.share).toBeCloseTo(1 / 3);
    expect(sample?.pictures.none).toEqual({ share: 0, height: null, withheld: true });
  });

  it("is read at a moment, where something was known then", () => {
    const samples = only(all(told(0, person({ round_trip_ms: 10 })), told(2, person({ round_trip_ms: 20 }))));
    expect(sampleAt(samples, START + 1999)?.trip_ms).toBe(10);
    expect(sampleAt(samples, START + 5000)?.trip_ms).toBe(20);
    expect(sampleAt(samples, START - 1)).toBeNull();
    expect(sampleAt(samples, START + 60_000)).toBeNull();
  });
});

const PICTURE: PictureWatched = {
  consumer_id: "c",
  producer_id: "p",
  full_name: "Ada",
  source: "camera",
  state: "shown",
  spatial_layer: 0,
  layers: 1,
  width: null,
  height: null,
};

const FRAME: Frame = { width: 100, height: 50, from_ms: 0, to_ms: 100_000, top: 10 };

describe("the lines", () => {
  it("go through what is known and break where nothing is", () => {
    const at = (at_ms: number, value: number | null) => ({ at_ms, value });
    expect(linePath([at(0, 0), at(2000, 10), at(4000, 5)], FRAME)).toBe("M0 50L2 0L4 25");
    expect(linePath([at(0, 0), at(2000, null), at(4000, 5), at(6000, 5)], FRAME)).toBe("M0 50h0M4 25L6 25");
    expect(linePath([at(0, 0), at(2000, 0), at(60_000, 5)], FRAME)).toBe("M0 50L2 50M60 25h0");
    expect(linePath([at(-2000, 5)], FRAME)).toBe("");
  });

  it("stay within their frame", () => {
    expect(linePath([{ at_ms: 0, value: 99 }], FRAME)).toBe("M0 0h0");
  });

  it("have scales that end at round numbers", () => {
    expect(topOf([], 1)).toBe(1);
    expect(topOf([null, 1.2], 1)).toBe(2);
    expect(topOf([4.9], 1)).toBe(5);
    expect(topOf([5.1], 1)).toBe(10);
    expect(topOf([130], 100)).toBe(200);
    expect(topOf([0.02], 0.1)).toBeCloseTo(0.1);
  });
});

describe("the runs of a picture", () => {
  const at = (at_ms: number, share: number, withheld = false) => ({ at_ms, share, withheld });

  it("join what is alike, and leave out what is not shown", () => {
    expect(runsOf([at(0, 1), at(2000, 1), at(4000, 0.5), at(6000, 0), at(8000, 0, true)], 9000)).toEqual([
      { from_ms: 0, to_ms: 4000, share: 1, withheld: false },
      { from_ms: 4000, to_ms: 6000, share: 0.5, withheld: false },
      { from_ms: 8000, to_ms: 9000, share: 0, withheld: true },
    ]);
  });

  it("do not reach over a silence", () => {
    expect(runsOf([at(0, 1), at(60_000, 1)], 60_000)).toEqual([
      { from_ms: 0, to_ms: 8000, share: 1, withheld: false },
    ]);
  });
});
