/** A page of the end-to-end tests that calls somebody, directly or through the server, with class/p2p.ts. */
import * as mediasoup from "mediasoup-client";
import { io, type Socket } from "socket.io-client";
import { CallBetweenTwo, type CallPage, type Source } from "../class/p2p";

type Json = Record<string, unknown>;

class P2pPage implements CallPage {
  socket!: Socket;
  room = "";
  device = new mediasoup.Device();
  call2!: CallBetweenTwo;
  stream!: MediaStream;
  sending: mediasoup.types.Transport | undefined;
  receiving: mediasoup.types.Transport | undefined;
  producers = new Map<Source, mediasoup.types.Producer>();
  consumers = new Map<string, { source: Source; consumer: mediasoup.types.Consumer }>();
  announced = new Map<string, Json>();
  pushed: [string, Json][] = [];
  /** The element that shows each source. */
  elements = new Map<Source, HTMLVideoElement>();
  /** The numbers of all pictures that were seen before the element of now, and when. */
  seen: { numbers: number[]; at: number[] } = { numbers: [], at: [] };
  /** Whether what is shown comes directly, with the time of each change. */
  ways: { source: Source; way: string; at: number }[] = [];
  modes: unknown[] = [];
  #serverTracks = new Set<MediaStreamTrack>();

  /** Joins, and sends camera and microphone by whichever way the server says; `direct` clients can both. */
  async start(room: string, direct = true): Promise<Json> {
    this.room = room;
    this.stream = await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 360 },
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    this.socket = io(location.origin, { auth: { answers: "ack" } });
    this.call2 = new CallBetweenTwo(this);
    this.socket.onAny((event: string, data: Json) => {
      this.pushed.push([event, data]);
      if (event === "new-producer") this.#announce(data);
      if (event === "producer-closed") this.#inTurn(() => this.#forget(data.producerId as string));
      this.call2.receive(event, data);
      if (event === "mode-changed") this.#peer = data.peerId ?? this.#peer;
      if (event === "mode-changed") this.modes.push([data.mode, performance.timeOrigin + performance.now()]);
    });
    await new Promise<void>((resolve) => this.socket.once("connect", () => resolve()));
    const joined = await this.call("join-room", { room_id: room });
    const soup = joined.mediasoup as { rtpCapabilities: mediasoup.types.RtpCapabilities; peers: Json[] };
    await this.device.load({ routerRtpCapabilities: soup.rtpCapabilities });
    this.#loaded();
    for (const peer of soup.peers) for (const one of peer.producers as Json[]) this.#announce(one);
    const [picture] = this.stream.getVideoTracks();
    const [sound] = this.stream.getAudioTracks();
    if (picture !== undefined) this.call2.setTrack("camera", picture);
    if (sound !== undefined) this.call2.setTrack("microphone", sound);
    if (direct) await this.call2.start();
    else await this.goThroughServer(true);
    return joined;
  }

  async call(event: string, payload: object): Promise<Json> {
    const answer = (await this.socket.timeout(5000).emitWithAck(event, payload)) as Json;
    if (!answer.ok) throw new Error(`${event}: ${answer.error} (${answer.code})`);
    return answer;
  }

  /** In a new element beside the old one, which goes when the new one has a picture. */
  async show(source: Source, track: MediaStreamTrack | null): Promise<void> {
    const way = track === null ? "none" : this.#serverTracks.has(track) ? "sfu" : "p2p";
    this.ways.push({ source, way, at: performance.timeOrigin + performance.now() });
    const before = this.elements.get(source);
    const video = document.createElement("video");
    this.elements.set(source, video);
    if (track === null) return before?.remove();
    video.muted = true;
    video.autoplay = true;
    video.srcObject = new MediaStream([track]);
    document.body.append(video);
    if (source !== "camera") return before?.remove();
    await new Promise((come) => video.requestVideoFrameCallback(come));
    if (before !== undefined) {
      before.srcObject = null;
      before.remove();
    }
    this.#read(video);
  }

  /** Lets live.js read the numbers of this element, and keeps those of the one before. */
  #read(video: HTMLVideoElement): void {
    const page = window as unknown as {
      numbers?: number[];
      shownAt?: number[];
      readNumbers: (one: HTMLVideoElement) => void;
    };
    this.seen.numbers.push(...(page.numbers ?? []));
    this.seen.at.push(...(page.shownAt ?? []));
    Object.assign(window, { video, started: performance.now() });
    page.readNumbers(video);
  }

  /** All pictures that were seen, whichever way they came. */
  allSeen(): { numbers: number[]; at: number[] } {
    const page = window as unknown as { numbers?: number[]; shownAt?: number[] };
    return {
      numbers: [...this.seen.numbers, ...(page.numbers ?? [])],
      at: [...this.seen.at, ...(page.shownAt ?? [])],
    };
  }

  /** What is heard of the other, where live.js listens. */
  listenTo(): void {
    Object.assign(window, { video: this.elements.get("microphone") });
  }

  async goThroughServer(use: boolean): Promise<void> {
    if (!use) {
      for (const [source, producer] of [...this.producers]) {
        this.producers.delete(source);
        producer.close();
        await this.call("close-producer", { producerId: producer.id });
      }
      return;
    }
    for (const track of this.stream.getTracks()) {
      const source = track.kind === "video" ? "camera" : "microphone";
      const options = track.kind === "video" ? { encodings: [{ maxBitrate: 1_500_000 }] } : {};
      this.sending ??= await this.transport("send");
      const producer = await this.sending.produce({
        track,
        ...options,
        stopTracks: false,
        appData: { source },
      });
      this.producers.set(source, producer);
    }
  }

  async transport(direction: "send" | "recv"): Promise<mediasoup.types.Transport> {
    const made = (await this.call("create-transport", {
      direction,
    })) as unknown as mediasoup.types.TransportOptions;
    const transport =
      direction === "send" ? this.device.createSendTransport(made) : this.device.createRecvTransport(made);
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.call("connect-transport", { transportId: transport.id, dtlsParameters }).then(
        () => done(),
        failed,
      );
    });
    transport.on("produce", ({ kind, rtpParameters, appData }, done, failed) => {
      this.call("produce", { transportId: transport.id, kind, rtpParameters, appData }).then(
        (answer) => done({ id: answer.id as string }),
        failed,
      );
    });
    return transport;
  }

  #loaded = (): void => {};
  /** Nothing can be consumed before the device has loaded; what is announced before waits for it. */
  #queue: Promise<unknown> = new Promise<void>((resolve) => {
    this.#loaded = resolve;
  });

  #announce(data: Json): void {
    this.announced.set(data.producerId as string, data);
    this.#inTurn(() => this.#consume(data));
  }

  /** One after the other: a producer may be closed while it is being consumed. */
  #inTurn(step: () => Promise<void> | void): void {
    this.#queue = this.#queue
      .then(step)
      .catch((error) => this.pushed.push(["failed", { error: String(error) }]));
  }

  async #consume(data: Json): Promise<void> {
    this.receiving ??= await this.transport("recv");
    const producerId = data.producerId as string;
    const made = await this.call("consume", {
      producerId,
      rtpCapabilities: this.device.recvRtpCapabilities,
      paused: true,
    });
    const consumer = await this.receiving.consume(made as unknown as mediasoup.types.ConsumerOptions);
    const source = data.source as Source;
    this.consumers.set(producerId, { source, consumer });
    this.#serverTracks.add(consumer.track);
    await this.call("resume-consumer", { consumerId: consumer.id });
    if (data.peerId === this.shownPeer) this.call2.serverTrack(source, consumer.track);
  }

  /** Whose camera is shown: the other of the call, which stays the same when others come. */
  get shownPeer(): unknown {
    this.#peer ??= [...this.announced.values()][0]?.peerId;
    return this.#peer;
  }
  #peer: unknown;

  #forget(producerId: string): void {
    const found = this.consumers.get(producerId);
    this.consumers.delete(producerId);
    found?.consumer.close();
    const theirs = this.announced.get(producerId)?.peerId === this.shownPeer;
    if (found !== undefined && theirs) this.call2.serverTrack(found.source, null);
  }

  /** Frames decoded so far of what comes through the server, by participant. */
  async received(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const [id, { consumer }] of this.consumers) {
      for (const one of (await consumer.getStats()).values()) {
        const peer = this.announced.get(id)?.peerId as string;
        if (one.type === "inbound-rtp" && consumer.kind === "video") found[peer] = one.framesDecoded ?? 0;
      }
    }
    return found;
  }

  /** The server as the peer: an offer without `to`, which sends or only receives. */
  async offerToServer(sends: boolean): Promise<void> {
    const connection = new RTCPeerConnection();
    Object.assign(window, { pc: connection });
    for (const track of sends ? this.stream.getTracks() : [])
      connection.addTransceiver(track, { direction: "sendonly" });
    if (!sends) {
      for (const kind of ["video", "audio"]) connection.addTransceiver(kind, { direction: "recvonly" });
      connection.ontrack = ({ track }) =>
        void this.show(track.kind === "video" ? "camera" : "microphone", track);
    }
    connection.onicecandidate = ({ candidate }) => void this.call("ice-candidate", { candidate });
    await connection.setLocalDescription();
    const { sdp } = await this.call("webrtc-offer", { sdp: connection.localDescription?.sdp });
    await connection.setRemoteDescription({ type: "answer", sdp: sdp as string });
  }

  /** Joins as `start` does, without sending or saying anything. */
  async enter(room: string): Promise<void> {
    this.room = room;
    this.stream = await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 360 },
      audio: true,
    });
    this.socket = io(location.origin, { auth: { answers: "ack" } });
    await new Promise<void>((resolve) => this.socket.once("connect", () => resolve()));
    await this.call("join-room", { room_id: room });
  }

  async leave(): Promise<void> {
    await this.call("leave-room", { room_id: this.room });
    this.call2?.close();
    this.socket.disconnect();
  }
}

Object.assign(window, { p2p: new P2pPage() });
