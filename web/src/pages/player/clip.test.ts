import { describe, expect, test } from "vitest";
import { clock } from "../../format";
import { clipUrl, readClip } from "./clip";

const LENGTH_S = 754.6;
const wrong = (from: string, to: string) => {
  const read = readClip(from, to, LENGTH_S);
  return "fields" in read ? Object.keys(read.fields) : [];
};

describe("a part of a recording", () => {
  test("is between two times, of which an empty one is its beginning or its end", () => {
    expect(readClip("1:00", "2:30", LENGTH_S)).toEqual({ clip: { from_s: 60, to_s: 150 } });
    expect(readClip("", "90", LENGTH_S)).toEqual({ clip: { from_s: 0, to_s: 90 } });
    expect(readClip(" 0:10 ", "", LENGTH_S)).toEqual({ clip: { from_s: 10, to_s: null } });
  });

  test("loses nothing where it ends as the player says that the recording does, though that is rounded", () => {
    for (const end of [clock(LENGTH_S), "12:35"])
      expect(readClip("", end, LENGTH_S)).toEqual({ clip: { from_s: 0, to_s: null } });
    expect(readClip("", "12:33", LENGTH_S)).toEqual({ clip: { from_s: 0, to_s: 753 } });
    expect(readClip("12:34", "12:34", LENGTH_S), "of its last second").toEqual({
      clip: { from_s: 754, to_s: null },
    });
  });

  test("that is none is told at its field", () => {
    expect(wrong("x", "y")).toEqual(["from", "to"]);
    expect(wrong("12:35", "")).toEqual(["from"]);
    expect(wrong("0", "13:00")).toEqual(["to"]);
    expect(wrong("2:00", "1:00")).toEqual(["to"]);
    expect(wrong("1:00", "1:00")).toEqual(["to"]);
  });

  test("is asked for beside what the address has already", () => {
    expect(clipUrl("/api/v1/recordings/r1/download?grant=abc", { from_s: 1.5, to_s: 60 })).toBe(
      "/api/v1/recordings/r1/download?grant=abc&from=1.5&to=60",
    );
    expect(clipUrl("/api/v1/recordings/r1/download", { from_s: 1.5, to_s: null })).toBe(
      "/api/v1/recordings/r1/download?from=1.5",
    );
  });
});
