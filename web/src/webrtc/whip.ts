/** Publishing over WHIP (RFC 9725): one audio and one video track into a room. */
import { type CodecChoice, orderCodecs } from "./codecs";
import { type LinkOptions, MediaLink } from "./link";
import { withStartBitrate } from "./start_bitrate";

export interface WhipOptions extends LinkOptions {
  codec: CodecChoice;
  /** Upper limit of the video, in bits per second. */
  maxVideoBitrate_bps: number;
}

export interface PublishedTracks {
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

export class WhipClient extends MediaLink {
  #tracks: PublishedTracks = { audio: null, video: null };
  #senders: Partial<Record<keyof PublishedTracks, RTCRtpSender>> = {};
  #maxVideoBitrate_bps: number;

  constructor(private readonly whip: WhipOptions) {
    super(whip);
    this.#maxVideoBitrate_bps = whip.maxVideoBitrate_bps;
  }

  /** Sets what is sent. While connected the tracks are exchanged in place, without a new offer. */
  async setTracks(tracks: PublishedTracks): Promise<void> {
    this.#tracks = tracks;
    await Promise.all([
      this.#senders.audio?.replaceTrack(tracks.audio),
      this.#senders.video?.replaceTrack(tracks.video),
    ]);
  }

  async setMaxVideoBitrate(bitrate_bps: number): Promise<void> {
    this.#maxVideoBitrate_bps = bitrate_bps;
    await this.#limitVideo();
  }

  protected override async prepare(peer: RTCPeerConnection): Promise<void> {
    const stream = new MediaStream();
    const add = (kind: keyof PublishedTracks) =>
      peer.addTransceiver(this.#tracks[kind] ?? kind, { direction: "sendonly", streams: [stream] });
    const [audio, video] = [add("audio"), add("video")];
    this.#senders = { audio: audio.sender, video: video.sender };
    const able = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
    if (able.length > 0) video.setCodecPreferences?.(orderCodecs(able, this.whip.codec));
    await this.#limitVideo();
  }

  protected override tuneAnswer(answer: string): string {
    return withStartBitrate(answer, this.#maxVideoBitrate_bps);
  }

  async #limitVideo(): Promise<void> {
    const sender = this.#senders.video;
    const parameters = sender?.getParameters();
    const encoding = parameters?.encodings?.[0];
    if (!sender || !parameters || !encoding) return;
    encoding.maxBitrate = this.#maxVideoBitrate_bps;
    // A sender of a connection that has just been closed refuses: the next one gets the limit in `prepare`.
    await sender.setParameters(parameters).catch(() => undefined);
  }
}
