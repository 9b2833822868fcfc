/** A direct connection to the other of a call: offers, answers and candidates go through the server. */
import type { Source } from "./p2p_handover";

/** The transceivers of a direct connection, in their order. */
const TRANSCEIVERS = [
  { source: "microphone", kind: "audio" },
  { source: "camera", kind: "video" },
  { source: "screen", kind: "video" },
  { source: "screen-sound", kind: "audio" },
] as const;

/** What reaches the other through the server. */
export type Relayed = "webrtc-offer" | "webrtc-answer" | "ice-candidate";

/** What a direct connection tells. */
export interface DirectEvents {
  /** To the other, through the server. */
  relay(event: Relayed, payload: object): void;
  received(source: Source, track: MediaStreamTrack | null): void;
  opened(): void;
  /** What the other says on the data channel. */
  heard(message: string): void;
  ended(): void;
}

/** The connection to the other; RFC 8829's "perfect negotiation", in which who `offers` is the impolite one. */
export class DirectConnection {
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  readonly #mine = new Map<Source, MediaStreamTrack>();
  #queue: Promise<unknown> = Promise.resolve();
  #offering = false;
  #started: boolean;

  constructor(
    private readonly offers: boolean,
    mine: ReadonlyMap<Source, MediaStreamTrack>,
    private readonly events: DirectEvents,
    iceServers: RTCIceServer[],
  ) {
    this.#connection = new RTCPeerConnection({ iceServers });
    this.#mine = new Map(mine);
    this.#started = offers;
    this.#channel = this.#connection.createDataChannel("vtp", { negotiated: true, id: 0 });
    this.#channel.onopen = () => events.opened();
    this.#channel.onmessage = ({ data }) => events.heard(String(data));
    this.#channel.onclose = () => events.ended();
    this.#connection.onconnectionstatechange = () => {
      if (this.#connection.connectionState === "failed") events.ended();
    };
    this.#connection.onicecandidate = ({ candidate }) =>
      events.relay("ice-candidate", { candidate: candidate?.toJSON() ?? null });
    this.#connection.onnegotiationneeded = () => void this.#offer().catch(() => {}); // it was closed meanwhile
    if (offers) for (const { kind } of TRANSCEIVERS) this.#connection.addTransceiver(kind);
    if (offers) this.#sendMine();
  }

  get isOpen(): boolean {
    return this.#channel.readyState === "open";
  }

  /** Agrees on everything once more, the way of the packets too. */
  offerAnew(): void {
    this.#connection.restartIce();
  }

  say(message: string): void {
    if (this.isOpen) this.#channel.send(message);
  }

  /** Sends this from now on; null: nothing. */
  setTrack(source: Source, track: MediaStreamTrack | null): void {
    if (track === null) this.#mine.delete(source);
    else this.#mine.set(source, track);
    this.#sendMine();
  }

  /** What the other relays, one after the other. */
  receive(event: string, data: Record<string, unknown>): void {
    this.#queue = this.#queue.then(() => this.#take(event, data)).catch(() => {});
  }

  close(): void {
    this.#channel.onclose = null;
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  async #take(event: string, data: Record<string, unknown>): Promise<void> {
    if (event === "ice-candidate") {
      const given = data.candidate as RTCIceCandidateInit | null;
      if (given !== null) await this.#connection.addIceCandidate(given);
      return;
    }
    const type = event === "webrtc-offer" ? "offer" : "answer";
    const collides = type === "offer" && (this.#offering || this.#connection.signalingState !== "stable");
    if (collides && this.offers) return;
    await this.#connection.setRemoteDescription({ type, sdp: String(data.sdp) });
    if (type === "offer") {
      this.#started = true;
      this.#sendMine();
      await this.#connection.setLocalDescription();
      this.events.relay("webrtc-answer", { sdp: this.#connection.localDescription?.sdp });
    }
    this.#look();
  }

  async #offer(): Promise<void> {
    if (!this.#started) return; // the first offer is the other's; this comes again after it
    try {
      this.#offering = true;
      await this.#connection.setLocalDescription();
      this.events.relay("webrtc-offer", { sdp: this.#connection.localDescription?.sdp });
    } finally {
      this.#offering = false;
    }
  }

  /** A direction that changes lets the connection offer by itself. */
  #sendMine(): void {
    for (const [at, transceiver] of this.#connection.getTransceivers().entries()) {
      const source = TRANSCEIVERS[at]?.source;
      if (source === undefined) continue;
      const track = this.#mine.get(source) ?? null;
      if (transceiver.sender.track !== track) void transceiver.sender.replaceTrack(track);
      transceiver.direction = track === null ? "recvonly" : "sendrecv";
    }
  }

  #look(): void {
    for (const [at, transceiver] of this.#connection.getTransceivers().entries()) {
      const source = TRANSCEIVERS[at]?.source;
      const receives = transceiver.currentDirection?.includes("recv") === true;
      if (source !== undefined) this.events.received(source, receives ? transceiver.receiver.track : null);
    }
  }
}
