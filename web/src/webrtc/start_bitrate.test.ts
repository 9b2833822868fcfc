import { expect, it } from "vitest";
import { withStartBitrate } from "./start_bitrate";

const ANSWER = [
  "v=0",
  "m=audio 9 X 111",
  "a=rtpmap:111 opus/48000/2",
  "a=fmtp:111 minptime=10",
  "m=video 9 X 96 97 98",
  "a=rtpmap:96 H264/90000",
  "a=fmtp:96 packetization-mode=1",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
  "a=rtpmap:98 VP8/90000",
  "",
].join("\r\n");

it("tells every video codec where to start, and nothing else", () => {
  const lines = withStartBitrate(ANSWER, 2_500_000).split("\r\n");
  expect(lines).toContain("a=fmtp:96 packetization-mode=1;x-google-start-bitrate=1500");
  expect(lines).toContain("a=fmtp:98 x-google-start-bitrate=1500");
  expect(lines).toContain("a=fmtp:97 apt=96");
  expect(lines).toContain("a=fmtp:111 minptime=10");
});

it("never starts above the limit of the picture", () => {
  expect(withStartBitrate(ANSWER, 800_000)).toContain("start-bitrate=800");
});
