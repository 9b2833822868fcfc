/** A page of the end-to-end tests that watches by the class page's own connection, and may lose it. */
import { Device, type types } from "mediasoup-client";
import type { Joined, Participant, Payload, PeerProducer } from "../class/protocol";
import { type Phase, Signalling } from "../class/signalling";

class ResumePage {
  signalling!: Signalling;
  phases: Phase[] = [];
  /** All pushes, in the order in which they came. */
  heard: { event: string; seq: number }[] = [];
  snapshots: (Joined | null)[] = [];
  announced: PeerProducer[] = [];
  people: Participant[] = [];
  consumers: types.Consumer[] = [];
  #device!: types.Device;
  #receiving!: types.Transport;

  async start(room: string): Promise<void> {
    await new Promise<void>((ready, refused) => {
      const note = () => this.phases.push(this.signalling.phase);
      this.signalling = new Signalling({
        token: async () => null,
        moments: {
          ready: () => {
            note();
            ready();
          },
          lost: note,
          admitted: note,
          denied: note,
          back: (snapshot) => {
            note();
            this.snapshots.push(snapshot);
          },
          ended: (message) => {
            note();
            refused(new Error(message));
          },
        },
      });
      this.signalling.onAny((event, { seq }) => this.heard.push({ event, seq }));
      this.signalling.on("new-producer", (producer) => this.announced.push(producer));
      this.signalling.connect();
    });
    const joined = await this.signalling.call("join-room", { roomId: room });
    if ("waiting" in joined) throw new Error("the room has a lobby");
    this.people = joined.participants;
    this.announced.push(...joined.mediasoup.peers.flatMap((peer) => peer.producers));
    this.#device = new Device();
    await this.#device.load({ routerRtpCapabilities: joined.mediasoup.rtpCapabilities });
    const made = await this.signalling.call("create-transport", { direction: "recv" });
    const transport = this.#device.createRecvTransport(made);
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.signalling
        .call("connect-transport", { transportId: transport.id, dtlsParameters })
        .then(() => done(), failed);
    });
    this.#receiving = transport;
  }

  /** Everything that was announced so far, shown in one element whose pictures' numbers live.js reads. */
  async watch(): Promise<void> {
    for (const { producerId } of this.announced.splice(0)) {
      const wish: Payload<"consume"> = {
        producerId,
        rtpCapabilities: this.#device.recvRtpCapabilities,
        paused: true,
      };
      const consumer = await this.#receiving.consume(await this.signalling.call("consume", wish));
      this.consumers.push(consumer);
      await this.signalling.call("resume-consumer", { consumerId: consumer.id });
    }
    const video = document.createElement("video");
    video.muted = true;
    video.autoplay = true;
    video.srcObject = new MediaStream(this.consumers.map(({ track }) => track));
    document.body.append(video);
    Object.assign(window, { video, started: performance.now() });
    (window as unknown as { readNumbers: (one: HTMLVideoElement) => void }).readNumbers(video);
  }
}

Object.assign(window, { resuming: new ResumePage() });
