/** Which video codecs an offer names, and in which order. */

export type CodecChoice = "auto" | "h264" | "vp8" | "vp9" | "av1";

const isMedia = (codec: RTCRtpCodec) => /\/(h264|vp8|vp9|av1)$/i.test(codec.mimeType);
const named = (choice: Exclude<CodecChoice, "auto">) => (codec: RTCRtpCodec) =>
  codec.mimeType.toLowerCase() === `video/${choice}`;

/** H.264 with packetization-mode 1 and constrained baseline decodes everywhere, so it comes first. */
function h264Rank(codec: RTCRtpCodec): number {
  const format = codec.sdpFmtpLine ?? "";
  return (/packetization-mode=1/.test(format) ? 0 : 2) + (/profile-level-id=42e0/i.test(format) ? 0 : 1);
}

/**
 * Codecs in the order to offer them. "auto" puts H.264 first, because only it is recorded, and keeps
 * the others; a named codec is offered alone (with what repairs it).
 */
export function orderCodecs(all: readonly RTCRtpCodec[], choice: CodecChoice): RTCRtpCodec[] {
  const repairs = all.filter((codec) => !isMedia(codec));
  const h264 = all.filter(named("h264")).sort((a, b) => h264Rank(a) - h264Rank(b));
  if (choice === "auto") return [...h264, ...all.filter((c) => isMedia(c) && !named("h264")(c)), ...repairs];
  const chosen = choice === "h264" ? h264 : all.filter(named(choice));
  return chosen.length > 0 ? [...chosen, ...repairs] : [...all];
}

/** Codecs this browser can send, for the settings. */
export function sendableCodecs(): CodecChoice[] {
  const able = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  const choices = ["h264", "vp8", "vp9", "av1"] as const;
  return ["auto", ...choices.filter((choice) => able.some(named(choice)))];
}
