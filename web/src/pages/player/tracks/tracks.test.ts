import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RecordedTrack, RecordingInfo, TrackPerson } from "../../../api/recordings";
import { Follower, type FollowerState, type OpenTrack } from "./follower";
import { nextStretch, placeName, placeNamed, stretchAt, tracksOf, voiceNamed, voicesOf } from "./places";
import { type Leader, PICTURE, SOUND, steer } from "./steering";

type Span = [from_s: number, to_s: number];

function track(
  name: string,
  who: string | null,
  source: TrackPerson["source"],
  spans: Span[],
): RecordedTrack {
  const person = { participant_id: `in the room ${name}`, user_id: who, name: who ?? "", source };
  return {
    track: name,
    person,
    start_seconds: spans[0]?.[0] ?? 0,
    duration_seconds: spans.at(-1)?.[1] ?? 0,
    present: spans.map(([start_seconds, end_seconds]) => ({ start_seconds, end_seconds })),
    width: source === "microphone" ? 0 : 640,
    height: source === "microphone" ? 0 : 360,
  };
}

function info(...tracks: RecordedTrack[]): RecordingInfo {
  const program = { ...track("video", null, "camera", [[0.5, 60]]), person: null };
  return { tracks: [program, ...tracks] };
}

describe("the places of participants", () => {
  it("are one for each source of a person, whichever tracks it is made of", () => {
    const { pictures, sounds } = tracksOf(
      info(
        track("p0", "Ada", "camera", [[0.5, 10.5]]),
        track("p1", "Ada", "microphone", [[0.5, 60]]),
        track("p2", "Ada", "camera", [[20.5, 30.5]]),
        track("p3", "Sam", "camera", [[2.5, 60]]),
        track("p4", "Ada", "screen", [[5.5, 60]]),
      ),
    );
    expect(pictures.map((one) => placeName(one, pictures))).toEqual([
      "Ada, screen",
      "Ada, camera",
      "Sam, camera",
    ]);
    expect(pictures[1]?.stretches).toEqual([
      { track: "p0", zero_s: 0, from_s: 0, to_s: 10 },
      { track: "p2", zero_s: 20, from_s: 20, to_s: 30 },
    ]);
    expect(sounds.map(({ key }) => key)).toEqual(["p1"]);
  });

  it("have no stretch in a gap", () => {
    const [place] = tracksOf(info(track("p0", "Ada", "camera", [[0.5, 8.5], [12.5, 20.5]]))).pictures; // biome-ignore format: spans
    const stretches = place?.stretches ?? [];
    expect(stretchAt(stretches, 7.9)?.to_s).toBe(8);
    expect(stretchAt(stretches, 8)).toBeUndefined();
    expect(stretchAt(stretches, 12)?.zero_s).toBe(0);
    expect(nextStretch(stretches, 9, 4)?.from_s).toBe(12);
    expect(nextStretch(stretches, 7, 4)).toBeUndefined();
    expect(nextStretch(stretches, 25, 4)).toBeUndefined();
  });

  it("are two for who is there twice, and apart for guests without a name", () => {
    const { pictures } = tracksOf(
      info(
        track("p0", "Ada", "camera", [[0.5, 30]]),
        track("p1", "Ada", "camera", [[10, 40]]),
        track("p2", null, "camera", [[0.5, 30]]),
        track("p3", null, "camera", [[40, 50]]),
        track("p4", "Empty", "camera", []),
      ),
    );
    const names = pictures.map((one) => placeName(one, pictures));
    expect(names).toEqual(["Ada, camera 1", "Guest, camera 1", "Ada, camera 2", "Guest, camera 2"]);
  });

  it("are found by any of their tracks; voices, too", () => {
    const tracks = tracksOf(
      info(
        track("p0", "Ada", "camera", [[0.5, 10]]),
        track("p1", "Ada", "camera", [[20, 30]]),
        track("p2", "Ada", "microphone", [[0.5, 10]]),
        { ...track("p3", "Ada", "screen", [[5, 10]]), width: 0, height: 0 },
        track("p4", "Sam", "microphone", [[0.5, 10]]),
      ),
    );
    expect(placeNamed(tracks.pictures, "p1")?.key).toBe("p0");
    expect(placeNamed(tracks.pictures, "p9")).toBeUndefined();
    expect(placeNamed(tracks.pictures, null)).toBeUndefined();
    const voices = voicesOf(tracks);
    expect(voices.map(({ name, places }) => [name, places.length])).toEqual([
      ["Ada", 2],
      ["Sam", 1],
    ]);
    expect(voiceNamed(voices, "p3")?.name).toBe("Ada");
    expect(voiceNamed(voices, null)).toBeUndefined();
  });
});

describe("steering", () => {
  const moving: Leader = { time_s: 10, moves: true, rate: 1 };
  const at = (off_s: number, more = {}) => ({ off_s, seeking: false, sinceJump_s: 10, ...more });

  it("leaves alone what is in step", () => {
    expect(steer(moving, at(0.01), PICTURE)).toEqual({ plays: true, rate: 1, jumps: false });
  });

  it("slows down what is ahead and hurries what is behind, sound less than pictures", () => {
    const rate = (off_s: number, limits = PICTURE) => steer({ ...moving, rate: 2 }, at(off_s), limits).rate;
    expect(rate(0.05)).toBeCloseTo(1.75);
    expect(rate(-0.05)).toBeCloseTo(2.25);
    expect(rate(-0.19)).toBeCloseTo(2.6);
    expect(rate(-0.19, SOUND)).toBeCloseTo(2.12);
  });

  it("sends what is far off to its place, and gives it time to get there", () => {
    expect(steer(moving, at(-3), PICTURE).jumps).toBe(true);
    expect(steer(moving, at(-3, { seeking: true }), PICTURE).jumps).toBe(false);
    expect(steer(moving, at(-3, { sinceJump_s: 0.2 }), PICTURE).jumps).toBe(false);
  });

  it("puts what stands still exactly there", () => {
    const still = { ...moving, moves: false };
    expect(steer(still, at(0.03), PICTURE)).toEqual({ plays: false, rate: 1, jumps: true });
    expect(steer(still, at(0.03, { sinceJump_s: 0 }), PICTURE).jumps).toBe(true);
    expect(steer(still, at(0.005), PICTURE).jumps).toBe(false);
  });
});

describe("a follower", () => {
  const stretches = [
    { track: "p0", zero_s: 0, from_s: 0, to_s: 10 },
    { track: "p2", zero_s: 20, from_s: 20, to_s: 30 },
  ];
  let now_ms = 0;
  let states: FollowerState[] = [];
  let opened: string[] = [];
  let fail: () => void = () => undefined;
  let element: HTMLVideoElement;
  const open: OpenTrack = (_element, name, start_s, failed) => {
    opened.push(`${name} at ${start_s}`);
    fail = failed;
    return () => opened.push(`${name} closed`);
  };
  const made = (onBlocked?: () => void) =>
    new Follower(element, {
      stretches,
      limits: PICTURE,
      open,
      onState: (state) => states.push(state),
      now_ms: () => now_ms,
      ...(onBlocked && { onBlocked }),
    });
  const at = (time_s: number, moves = false): Leader => ({ time_s, moves, rate: 1 });

  beforeEach(() => {
    [now_ms, states, opened] = [100_000, [], []];
    element = document.createElement("video");
    let readyState = 4;
    Object.defineProperty(element, "readyState", {
      get: () => readyState,
      set: (value: number) => {
        readyState = value;
      },
    });
    vi.spyOn(element, "play").mockResolvedValue();
    vi.spyOn(element, "pause").mockReturnValue();
  });
  afterEach(() => vi.restoreAllMocks());

  it("shows what belongs there, on the track's own clock", () => {
    made().follow(at(24));
    expect(opened).toEqual(["p2 at 4"]);
    expect(element.currentTime).toBe(4);
    expect(states).toEqual(["shown"]);
  });

  it("is empty in between, and makes ready what comes next", () => {
    const follower = made();
    follower.follow(at(9, true)); // sent there,
    follower.follow(at(9, true)); // and there
    follower.follow(at(12, true));
    expect(states).toEqual(["loading", "shown", "absent"]);
    expect(opened).toEqual(["p0 at 9"]);
    follower.follow(at(17, true));
    expect(opened).toEqual(["p0 at 9", "p0 closed", "p2 at 0"]);
    follower.follow(at(20, true));
    expect(states).toEqual(["loading", "shown", "absent", "shown"]);
    follower.close();
    expect(opened.at(-1)).toBe("p2 closed");
  });

  it("tries again after a while when a track does not load", () => {
    const follower = made();
    follower.follow(at(5));
    fail();
    follower.follow(at(5));
    expect(states).toEqual(["shown", "failed"]);
    now_ms += 5000;
    follower.follow(at(5));
    expect(opened).toEqual(["p0 at 5", "p0 closed", "p0 at 5"]);
    expect(states.at(-1)).toBe("shown");
  });

  it("aims ahead by as long as the last jump took", () => {
    const follower = made();
    follower.follow(at(1, true));
    now_ms += 300;
    element.dispatchEvent(new Event("seeked"));
    now_ms += 1000;
    follower.follow(at(5, true));
    expect(element.currentTime).toBeCloseTo(5.3);
  });

  it("says when the browser refuses to play it", async () => {
    const blocked = vi.fn();
    vi.spyOn(element, "play").mockRejectedValue(Object.assign(new Error(), { name: "NotAllowedError" }));
    made(blocked).follow(at(1, true));
    await Promise.resolve();
    await Promise.resolve();
    expect(blocked).toHaveBeenCalledOnce();
  });
});
