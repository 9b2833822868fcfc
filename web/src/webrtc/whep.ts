/** Watching over WHEP (draft-ietf-wish-whep): the program of a room. */
import { type LinkOptions, MediaLink } from "./link";

export class WhepClient extends MediaLink {
  #stream: MediaStream | null = null;

  constructor(options: LinkOptions) {
    super({ persistent: true, ...options });
  }

  /** What is received; another object after each new session. Silent and dark until somebody presents. */
  get stream(): MediaStream | null {
    return this.#stream;
  }

  protected override prepare(peer: RTCPeerConnection): void {
    const kinds = ["audio", "video"] as const;
    const receivers = kinds.map((kind) => peer.addTransceiver(kind, { direction: "recvonly" }).receiver);
    this.#stream = new MediaStream(receivers.map((receiver) => receiver.track));
  }
}
