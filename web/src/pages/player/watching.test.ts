import { describe, expect, it } from "vitest";
import { chapterAt } from "./Chapters";
import { linkAt, parseClock, readView, timeIn, writeView } from "./deep_link";
import { Played } from "./played";
import { readTiles, tileAt } from "./storyboard";

describe("what is played", () => {
  const run = (played: Played, from: number, to: number, rate = 1) => {
    for (let at = from; at <= to; at += 0.25 * rate) played.at(at, rate, 0);
  };
  const ranges = (...pairs: [number, number][]): TimeRanges => ({
    length: pairs.length,
    start: (index) => pairs[index]?.[0] ?? 0,
    end: (index) => pairs[index]?.[1] ?? 0,
  });

  it("is one stretch as long as it goes on", () => {
    const played = new Played();
    run(played, 10, 20);
    expect(played.take()).toEqual([{ start: 10, end: 20, rate: 1 }]);
    expect(played.take()).toEqual([]);
    run(played, 20, 21);
    expect(played.take()).toEqual([{ start: 20, end: 21, rate: 1 }]);
  });

  it("is another one after a jump, on or back, and at another speed", () => {
    const played = new Played();
    run(played, 0, 5);
    run(played, 60, 61);
    run(played, 3, 4);
    run(played, 4, 8, 2);
    expect(played.take()).toEqual([
      { start: 0, end: 5, rate: 1 },
      { start: 60, end: 61, rate: 1 },
      { start: 3, end: 4, rate: 1 },
      { start: 4, end: 8, rate: 2 },
    ]);
  });

  it("is nothing while it stands still", () => {
    const played = new Played();
    for (let look = 0; look < 5; look += 1) played.at(7, 1, 0);
    played.cut();
    expect(played.take()).toEqual([]);
  });

  it("reaches to where it stops, and no further than it can have", () => {
    const played = new Played();
    run(played, 0, 2);
    played.stop(2.2);
    run(played, 10, 12);
    played.stop(60);
    expect(played.take().map(({ start, end }) => [start, end])).toEqual([
      [0, 2.2],
      [10, 12],
    ]);
  });

  it("reaches to where a jump began, as far as time has passed", () => {
    const played = new Played();
    played.at(0, 1, 1000);
    played.at(1, 1, 2000);
    expect(played.jump(ranges([0, 1.15]), 2200)).toBe(1.15);
    played.at(20, 2, 3000);
    played.at(22, 2, 4000);
    expect(played.jump(ranges([0, 1.15], [20, 300]), 4100), "it was played before").toBeCloseTo(22.2);
    expect(played.jump(ranges([0, 300]), 9000), "it stood still").toBeNull();
    expect(played.take().map(({ start, end }) => [start, end])).toEqual([
      [0, 1.15],
      [20, 22.2],
    ]);
  });

  it("is bounded", () => {
    const played = new Played();
    for (let jump = 0; jump < 300; jump += 1) run(played, jump * 100, jump * 100 + 1);
    expect(played.take().length).toBeLessThanOrEqual(101);
  });
});

describe("links into a recording", () => {
  it("name a time in several ways", () => {
    expect(timeIn("?t=90")).toBe(90);
    expect(timeIn("?t=90s")).toBe(90);
    expect(timeIn("?t=1m30s")).toBe(90);
    expect(timeIn("?t=1h2m3s")).toBe(3723);
    expect(timeIn("?t=1:02:03")).toBe(3723);
    expect(timeIn("?t=2:05")).toBe(125);
    for (const odd of ["", "?t=", "?t=soon", "?t=-5", "?t=1:99"]) expect(timeIn(odd)).toBeNull();
  });

  it("are made for a time", () => {
    window.history.replaceState(null, "", "/recordings/a");
    expect(linkAt(0)).toBe(`${window.location.origin}/recordings/a`);
    expect(linkAt(90.7)).toBe(`${window.location.origin}/recordings/a?t=90`);
    window.history.replaceState(null, "", "/");
  });

  it("say which picture is large and who is heard, and keep the rest", () => {
    window.history.replaceState(null, "", "/recordings/a?t=90&view=p0");
    expect(readView(window.location.search)).toEqual({ large: "p0", alone: null });
    writeView({ large: "p2", alone: "p5" });
    expect(window.location.search).toBe("?t=90&view=p2&hear=p5");
    expect(linkAt(7)).toBe(`${window.location.origin}/recordings/a?view=p2&hear=p5&t=7`);
    writeView({ large: null, alone: null });
    expect(window.location.search).toBe("?t=90");
    window.history.replaceState(null, "", "/");
  });

  it("times are read as people type them", () => {
    expect(parseClock("1:02:03")).toBe(3723);
    expect(parseClock(" 12:34 ")).toBe(754);
    expect(parseClock("90")).toBe(90);
    for (const odd of ["", "a", "1:", "1:2:3:4", "-1"]) expect(parseClock(odd)).toBeNull();
  });
});

describe("the picture at a time", () => {
  const vtt = [
    "WEBVTT\n",
    "00:00:00.000 --> 00:00:05.000\nstoryboard/sheet-00000.jpg#xywh=0,0,160,90\n",
    "00:00:05.000 --> 00:00:10.000\nstoryboard/sheet-00000.jpg#xywh=160,0,120,90\n",
    "01:00:00.500 --> 01:00:10.000\nstoryboard/sheet-00007.37.jpg#xywh=0,90,160,90\n",
  ].join("\n");
  const tiles = readTiles(vtt, "https://school.example/api/v1/recordings/a/storyboard.vtt");
  it("is a part of a sheet beside the list", () => {
    expect(tiles.map((tile) => tile.start_s)).toEqual([0, 5, 3600.5]);
    expect(tiles[1]).toEqual({
      start_s: 5,
      sheet: "https://school.example/api/v1/recordings/a/storyboard/sheet-00000.jpg",
      x: 160,
      y: 0,
      width: 120,
      height: 90,
    });
    expect(tiles[2]?.sheet).toMatch(/sheet-00007\.37\.jpg$/);
    expect(readTiles("WEBVTT\n", "https://school.example/")).toEqual([]);
  });
  it("is the last that has begun, and the first before that", () => {
    const after = tiles.slice(1);
    expect(tileAt(after, 0)?.start_s).toBe(5);
    expect(tileAt(after, 3600.4)?.start_s).toBe(5);
    expect(tileAt(after, 9999)?.start_s).toBe(3600.5);
    expect(tileAt([], 5)).toBeUndefined();
  });
});

describe("the chapter at a time", () => {
  const chapters = [0, 10, 20].map((start_seconds) => ({
    start_seconds,
    end_seconds: start_seconds + 10,
    title: "",
  }));
  it("is the last that has begun", () => {
    expect(chapterAt(chapters, 0)?.start_seconds).toBe(0);
    expect(chapterAt(chapters, 9.99)?.start_seconds).toBe(10);
    expect(chapterAt(chapters, 15)?.start_seconds).toBe(10);
    expect(chapterAt(chapters, 99)?.start_seconds).toBe(20);
    expect(chapterAt([], 5)).toBeUndefined();
  });
});
