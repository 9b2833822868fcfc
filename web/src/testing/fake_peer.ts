/** A peer connection that does what a test tells it, for what the test environment does not have. */

export const FAKE_OFFER =
  "v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:cliU\r\na=ice-pwd:client-password\r\n";
export const FAKE_ANSWER =
  "v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:srvU\r\na=ice-pwd:server-password\r\n";

export class FakeSender {
  track: unknown = null;
  parameters = { encodings: [{}] as { maxBitrate?: number }[] };
  replaceTrack = async (track: unknown) => {
    this.track = track;
  };
  getParameters = () => this.parameters;
  setParameters = async (parameters: typeof this.parameters) => {
    this.parameters = parameters;
  };
}

export class FakePeer extends EventTarget {
  connectionState = "new";
  localDescription: { sdp: string } | null = null;
  remoteDescription: { sdp: string } | null = null;
  closed = false;
  offers: unknown[] = [];
  directions: string[] = [];
  readonly dtls = Object.assign(new EventTarget(), { state: "connected" });
  readonly senders: FakeSender[] = [];

  addTransceiver(kind: unknown, { direction }: { direction: string }) {
    this.directions.push(`${String(kind)} ${direction}`);
    const sender = new FakeSender();
    this.senders.push(sender);
    return { sender, receiver: { track: { kind }, transport: this.dtls } };
  }
  getTransceivers = () => [{ receiver: { transport: this.dtls } }];
  #offered = false;
  createOffer = async (options?: unknown) => {
    this.offers.push(options);
    this.#offered = true;
    return { type: "offer", sdp: FAKE_OFFER };
  };
  configuration: RTCConfiguration = {};
  getConfiguration = () => this.configuration;
  setConfiguration = (configuration: RTCConfiguration) => {
    if (this.localDescription && !this.#offered)
      throw new Error("Too late: the browser looks for ways already.");
    this.configuration = configuration;
  };
  setLocalDescription = async (description: { sdp: string }) => {
    this.localDescription = description;
    this.#offered = false;
  };
  setRemoteDescription = async (description: { sdp: string }) => {
    this.remoteDescription = description;
  };
  close() {
    this.closed = true;
  }

  /** Becomes `state` and says so. */
  turn(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}

/** The media classes that jsdom lacks and the clients need. */
export function installMediaGlobals(): void {
  Object.assign(globalThis, {
    MediaStream: class {
      constructor(readonly tracks: unknown[] = []) {}
      getTracks = () => this.tracks;
    },
    RTCRtpSender: { getCapabilities: () => ({ codecs: [] }) },
  });
}
