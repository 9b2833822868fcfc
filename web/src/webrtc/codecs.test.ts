import { describe, expect, it } from "vitest";
import { orderCodecs } from "./codecs";

const codec = (mimeType: string, sdpFmtpLine?: string) => ({
  mimeType,
  clockRate: 90_000,
  ...(sdpFmtpLine && { sdpFmtpLine }),
});
const ALL = [
  codec("video/VP8"),
  codec("video/rtx"),
  codec("video/H264", "packetization-mode=0;profile-level-id=42e01f"),
  codec("video/H264", "packetization-mode=1;profile-level-id=42001f"),
  codec("video/H264", "packetization-mode=1;profile-level-id=42e01f"),
  codec("video/VP9"),
  codec("video/AV1"),
];
const names = (list: readonly { mimeType: string }[]) => list.map(({ mimeType }) => mimeType);

describe("orderCodecs", () => {
  it("offers H.264 first and keeps the others behind it", () => {
    expect(names(orderCodecs(ALL, "auto"))).toEqual([
      "video/H264",
      "video/H264",
      "video/H264",
      "video/VP8",
      "video/VP9",
      "video/AV1",
      "video/rtx",
    ]);
  });

  it("prefers constrained baseline with packetization-mode 1 among the H.264 kinds", () => {
    expect(orderCodecs(ALL, "auto")[0]?.sdpFmtpLine).toBe("packetization-mode=1;profile-level-id=42e01f");
  });

  it("offers a chosen codec alone, with its retransmissions", () => {
    expect(names(orderCodecs(ALL, "vp9"))).toEqual(["video/VP9", "video/rtx"]);
  });

  it("offers everything when the browser lacks the chosen codec", () => {
    expect(orderCodecs([codec("video/VP8")], "av1")).toHaveLength(1);
  });
});
