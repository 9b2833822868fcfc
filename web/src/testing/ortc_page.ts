/** What a page of the end-to-end tests does over Socket.IO, with mediasoup-client and socket.io-client as they are. */
import * as newest from "mediasoup-client";
import * as of2019 from "mediasoup-client-2019";
import * as of2019WithData from "mediasoup-client-2019-data";
import * as of2024 from "mediasoup-client-2024";
import { io, type Socket } from "socket.io-client";

type Json = Record<string, unknown>;

/** 2019: the first release of version 3; the oldest with data channels is some months younger. */
const CLIENTS = { newest, "2024": of2024, "2019": of2019, "2019-data": of2019WithData };

/** The events that answer clients which do not wait for acknowledgements. */
const ANSWERS: Record<string, string> = {
  "join-room": "joined-room",
  "leave-room": "left-room",
  "create-transport": "transport-created",
  "connect-transport": "transport-connected",
  "restart-ice": "ice-restarted",
  produce: "producer-created",
  consume: "consumer-created",
  "pause-producer": "producer-paused",
  "resume-producer": "producer-resumed",
  "close-producer": "producer-closed",
  "pause-consumer": "consumer-paused",
  "resume-consumer": "consumer-resumed",
  "produce-data": "data-producer-created",
  "consume-data": "data-consumer-created",
};

/** What an answering event says again of its call: by these a client of events knows its answers. */
const CARRIED_BACK = ["direction", "transportId", "producerId", "consumerId"];

declare global {
  interface Window {
    signal(event: string, payload: Json): Promise<Json>;
  }
}

interface Options {
  room: string;
  /** mediasoup-client of that year. */
  client: keyof typeof CLIENTS;
  /**
   * `events`: the original contract only, payloads as strings and answers by events. `bridge`: no Socket.IO, the test
   * itself is the signalling server and takes every call as `window.signal`.
   */
  style: "ack" | "events" | "bridge";
  data?: boolean;
  /** An access token, where rooms are not open to everybody. */
  token?: string;
}

function pictureOf(stream: MediaStream): MediaStreamTrack {
  const [track] = stream.getVideoTracks();
  if (track === undefined) throw new Error("there is no picture");
  return track;
}

/** The camera's picture drawn larger: of one of 640 × 360 Chromium sends two encodings at most. */
async function enlarged(stream: MediaStream): Promise<MediaStreamTrack> {
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  const canvas = document.createElement("canvas");
  canvas.width = 960;
  canvas.height = 540;
  const context = canvas.getContext("2d");
  const draw = () => {
    context?.drawImage(video, 0, 0, canvas.width, canvas.height);
    video.requestVideoFrameCallback(draw);
  };
  draw();
  return pictureOf(canvas.captureStream());
}

class OrtcPage {
  socket!: Socket;
  device!: newest.types.Device;
  sending!: newest.types.Transport;
  receiving!: newest.types.Transport;
  producers = new Map<string, newest.types.Producer>();
  consumers = new Map<string, newest.types.Consumer>();
  announced: Json[] = [];
  announcedData: Json[] = [];
  channel: newest.types.DataProducer | undefined;
  messages: string[] = [];
  pushed: [string, Json][] = [];
  options!: Options;
  participantId = "";

  async start(options: Options): Promise<Json> {
    this.options = options;
    if (options.style !== "bridge") await this.connect(options);
    const joined = await this.call("join-room", { room_id: options.room });
    this.participantId = joined.participant_id as string;
    const { rtpCapabilities, peers } = joined.mediasoup as { rtpCapabilities: Json; peers: Json[] };
    for (const peer of peers) this.announced.push(...(peer.producers as Json[]));
    for (const peer of peers) this.announcedData.push(...(peer.dataProducers as Json[]));
    this.device = new CLIENTS[options.client].Device() as newest.types.Device;
    const routerRtpCapabilities = rtpCapabilities as unknown as newest.types.RtpCapabilities;
    await this.device.load({ routerRtpCapabilities });
    this.sending = await this.transport("send");
    this.receiving = await this.transport("recv");
    return joined;
  }

  async connect(options: Options): Promise<void> {
    const auth = { token: options.token ?? "", ...(options.style === "ack" ? { answers: "ack" } : {}) };
    this.socket = io(location.origin, { auth });
    this.socket.onAny((event: string, data: Json) => {
      this.pushed.push([event, data]);
      if (event === "new-producer") this.announced.push(data);
      if (event === "new-data-producer") this.announcedData.push(data);
      if (event === "consumer-closed") this.forget(data.producerId as string);
    });
    await new Promise<void>((resolve, reject) => {
      this.socket.once("connect", () => resolve());
      this.socket.once("connect_error", reject);
    });
  }

  async call(event: string, payload: Json): Promise<Json> {
    const full: Json = { roomId: this.options.room, ...payload };
    if (this.options.style === "bridge") return window.signal(event, full);
    if (this.options.style === "ack") {
      const answer = (await this.socket.timeout(5000).emitWithAck(event, full)) as Json;
      if (!answer.ok) throw new Error(`${event}: ${answer.error} (${answer.code})`);
      return answer;
    }
    return new Promise((resolve, reject) => {
      const name = ANSWERS[event] ?? "error";
      const names = CARRIED_BACK.filter((one) => one in payload);
      const good = (data: Json) => {
        if (!names.every((one) => data[one] === payload[one])) return;
        end();
        resolve(data);
      };
      const bad = (data: Json) => {
        if (data.event !== event) return;
        end();
        reject(new Error(`${event}: ${data.error}`));
      };
      const end = () => this.socket.off(name, good).off("error", bad);
      this.socket.on(name, good).on("error", bad);
      this.socket.emit(event, JSON.stringify(full));
    });
  }

  async transport(direction: "send" | "recv"): Promise<newest.types.Transport> {
    const payload = { direction, enableSctp: this.options.data ?? false };
    const made = (await this.call("create-transport", payload)) as unknown as newest.types.TransportOptions;
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
    transport.on("producedata", ({ sctpStreamParameters, label, protocol, appData }, done, failed) => {
      const payload = { transportId: transport.id, sctpStreamParameters, label, protocol, appData };
      this.call("produce-data", payload).then((answer) => done({ id: answer.id as string }), failed);
    });
    return transport;
  }

  /** A channel to all others, open when this ends. */
  async openChannel(): Promise<void> {
    const channel = await this.sending.produceData({ label: "chalk", ordered: true });
    this.channel = channel;
    if (channel.readyState !== "open") await new Promise<void>((open) => channel.once("open", () => open()));
  }

  /** Every channel that was announced; what comes over them is in `messages`. */
  async joinChannels(): Promise<void> {
    for (const { dataProducerId } of this.announcedData.splice(0)) {
      const paused = this.options.style === "ack"; // no event answers `resume-data-consumer`
      const made = await this.call("consume-data", { dataProducerId, paused });
      const channel = await this.receiving.consumeData(made as unknown as newest.types.DataConsumerOptions);
      channel.on("message", (message: unknown) => this.messages.push(String(message)));
      if (channel.readyState !== "open")
        await new Promise<void>((open) => channel.once("open", () => open()));
      if (paused) await this.call("resume-data-consumer", { dataConsumerId: channel.id });
    }
  }

  say(text: string): void {
    this.channel?.send(text);
  }

  /** Camera and microphone; the codec is the one named. */
  async produce(codec: string): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { width: 640, height: 360 },
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    const wanted = this.device.rtpCapabilities.codecs?.find(
      (one) => one.mimeType.toLowerCase() === `video/${codec.toLowerCase()}`,
    );
    for (const track of stream.getTracks()) {
      const video = {
        ...(wanted === undefined ? {} : { codec: wanted }),
        encodings: [{ maxBitrate: 1_500_000 }],
      };
      const options = track.kind === "video" ? video : {};
      const producer = await this.sending.produce({ track, ...options, appData: { source: track.kind } });
      this.producers.set(track.kind, producer);
    }
  }

  /** The camera alone, in these encodings of this codec. */
  async produceLayers(codec: string, encodings: RTCRtpEncodingParameters[]): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 } });
    const wanted = this.device.rtpCapabilities.codecs?.find(
      (one) => one.mimeType.toLowerCase() === `video/${codec.toLowerCase()}`,
    );
    if (wanted === undefined) throw new Error(`${codec} is not to be had`);
    const options = { track: await enlarged(stream), codec: wanted, encodings };
    this.producers.set("video", await this.sending.produce(options));
  }

  /** Sets the most that is to come of this producer. */
  async prefer(producerId: string, spatialLayer: number, temporalLayer?: number): Promise<Json> {
    const consumer = this.consumers.get(producerId);
    if (consumer === undefined) throw new Error(`nothing is consumed of ${producerId}`);
    return this.call("set-preferred-layers", { consumerId: consumer.id, spatialLayer, temporalLayer });
  }

  /** The layers that the server has told of so far, `spatial.temporal`. */
  toldLayers(): string[] {
    return this.pushed
      .filter(([event]) => event === "layers-changed")
      .map(([, told]) => `${told.spatialLayer}.${told.temporalLayer}`);
  }

  /** Everything that the browser counted of what it receives of this producer. */
  async figures(producerId: string): Promise<Json> {
    const stats = (await this.consumers.get(producerId)?.getStats())?.values() ?? [];
    return [...stats].find((one) => one.type === "inbound-rtp") as Json;
  }

  /** A drawn picture as a second one: what a shared screen is to the server. */
  async share(): Promise<void> {
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 360;
    const context = canvas.getContext("2d");
    let turn = 0;
    setInterval(() => {
      if (context === null) return;
      context.fillStyle = `hsl(${turn++ % 360} 80% 50%)`;
      context.fillRect(0, 0, 640, 360);
    }, 40);
    const track = pictureOf(canvas.captureStream(25));
    this.producers.set("screen", await this.sending.produce({ track, appData: { source: "screen" } }));
  }

  /** Everything that was announced so far and is not consumed yet; the ids of the producers. */
  async consume(): Promise<string[]> {
    const wanted = this.announced.filter((one) => !this.consumers.has(one.producerId as string));
    for (const { producerId } of wanted) {
      const rtpCapabilities = (this.device as { recvRtpCapabilities?: object }).recvRtpCapabilities;
      const made = await this.call("consume", {
        producerId,
        rtpCapabilities: rtpCapabilities ?? this.device.rtpCapabilities,
        paused: true,
      });
      const consumer = await this.receiving.consume(made as unknown as newest.types.ConsumerOptions);
      this.consumers.set(producerId as string, consumer);
      await this.call("resume-consumer", { consumerId: consumer.id });
    }
    return wanted.map((one) => one.producerId as string);
  }

  /** The server has closed what was consumed of it. */
  forget(producerId: string): void {
    this.consumers.get(producerId)?.close();
    this.consumers.delete(producerId);
    this.announced = this.announced.filter((one) => one.producerId !== producerId);
  }

  /** Shows the consumers of these producers in one element, whose pictures' numbers live.js then reads. */
  show(producerIds: string[]): void {
    const tracks = producerIds
      .map((id) => this.consumers.get(id)?.track)
      .filter((track) => track !== undefined);
    const video = document.createElement("video");
    video.muted = true;
    video.autoplay = true;
    video.srcObject = new MediaStream(tracks);
    document.body.append(video);
    Object.assign(window, { video, started: performance.now() });
    (window as unknown as { readNumbers: (one: HTMLVideoElement) => void }).readNumbers(video);
  }

  /** Frames decoded and packets lost so far, by producer. */
  async received(): Promise<Record<string, { frames: number; packets: number; lost: number }>> {
    const found: Record<string, { frames: number; packets: number; lost: number }> = {};
    for (const [id, consumer] of this.consumers) {
      for (const one of (await consumer.getStats()).values()) {
        if (one.type === "inbound-rtp") {
          found[id] = {
            frames: one.framesDecoded ?? 0,
            packets: one.packetsReceived,
            lost: one.packetsLost,
          };
        }
      }
    }
    return found;
  }

  async pause(name: string, paused: boolean): Promise<void> {
    const producer = this.producers.get(name);
    if (producer === undefined) throw new Error(`nothing is sent as ${name}`);
    if (paused) producer.pause();
    else producer.resume();
    await this.call(paused ? "pause-producer" : "resume-producer", { producerId: producer.id });
  }

  /** What is consumed of this producer. */
  async pauseConsumer(producerId: string, paused: boolean): Promise<void> {
    const consumer = this.consumers.get(producerId);
    if (consumer === undefined) throw new Error(`nothing is consumed of ${producerId}`);
    if (paused) consumer.pause();
    else consumer.resume();
    await this.call(paused ? "pause-consumer" : "resume-consumer", { consumerId: consumer.id });
  }

  /** The track of what is sent as `name` replaced by a fresh one of the camera. */
  async replace(name: string): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 } });
    await this.producers.get(name)?.replaceTrack({ track: pictureOf(stream) });
  }

  async closeProducer(name: string): Promise<void> {
    const producer = this.producers.get(name);
    if (producer === undefined) throw new Error(`nothing is sent as ${name}`);
    producer.close();
    this.producers.delete(name);
    await this.call("close-producer", { producerId: producer.id });
  }

  async restartIce(): Promise<void> {
    for (const transport of [this.sending, this.receiving]) {
      const { iceParameters, iceServers } = await this.call("restart-ice", { transportId: transport.id });
      await transport.updateIceServers({ iceServers: iceServers as RTCIceServer[] });
      await transport.restartIce({ iceParameters: iceParameters as newest.types.IceParameters });
    }
  }

  states(): string[] {
    return [this.sending.connectionState, this.receiving.connectionState];
  }

  async leave(): Promise<void> {
    await this.call("leave-room", { room_id: this.options.room });
    if (this.options.style !== "bridge") this.socket.disconnect();
  }
}

const versions = Object.entries(CLIENTS).map(([name, client]) => [name, client.version]);
Object.assign(window, { ortc: new OrtcPage(), mediasoupVersions: Object.fromEntries(versions) });
