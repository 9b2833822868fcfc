import type { Device, types } from "mediasoup-client";
import { describe, expect, it, vi } from "vitest";
import { CallError } from "./call_error";
import { preferredCodec, Sender } from "./sender";
import type { KeptTransport } from "./transport";
import type { CallServer } from "./wire";

type Json = Record<string, unknown>;

class FakeProducer {
  closed = false;
  paused = false;
  constructor(
    readonly id: string,
    public track: unknown,
  ) {}
  on = () => this;
  close = () => {
    this.closed = true;
  };
  pause = () => {
    this.paused = true;
  };
  resume = () => {
    this.paused = false;
  };
  most: number[] = [];
  together = 0;
  #underWay = 0;
  setMaxSpatialLayer = async (layer: number) => {
    this.together = Math.max(this.together, ++this.#underWay);
    await Promise.resolve();
    this.most.push(layer);
    this.#underWay -= 1;
  };
  rtpSender = {
    parameters: { encodings: [{}, {}] as RTCRtpEncodingParameters[] },
    getParameters: () => structuredClone(this.rtpSender.parameters),
    setParameters: async (parameters: { encodings: RTCRtpEncodingParameters[] }) => {
      this.rtpSender.parameters = parameters;
    },
  };
  replaceTrack = async ({ track }: { track: unknown }) => {
    this.track = track;
  };
}

const graded = (...bitrates: number[]) =>
  bitrates.map((maxBitrate) => ({ maxBitrate, scaleResolutionDownBy: 1, scalabilityMode: "L1T3" }));
const track = (kind: string) => ({ kind }) as MediaStreamTrack;

function start(
  answer: (event: string, payload: Json) => unknown = () => ({}),
  refuse: () => Error | null = () => null,
) {
  const made: FakeProducer[] = [];
  const options: Json[] = [];
  const produce = async (given: Json) => {
    options.push(given);
    const refusal = refuse();
    if (refusal) throw refusal;
    const producer = new FakeProducer(`p${made.length + 1}`, given.track);
    made.push(producer);
    return producer;
  };
  const calls: [string, Json][] = [];
  const call = async (event: string, payload: Json = {}) => {
    calls.push([event, payload]);
    return (await answer(event, payload)) as Json;
  };
  const refused = vi.fn();
  const sender = new Sender({
    device: { sendRtpCapabilities: { codecs: [] } } as unknown as Device,
    call: call as CallServer,
    transport: async () => ({ transport: { produce } }) as unknown as KeptTransport,
    onRefused: refused,
  });
  return { sender, made, options, calls, refused };
}

describe("what goes out", () => {
  it("takes what the server has stopped unseen", async () => {
    const { sender, made } = start();
    sender.want("camera", { track: track("video") });
    await vi.waitFor(() => expect(sender.producerOf("camera")).not.toBeNull());
    sender.want("microphone", { track: track("audio") });
    await vi.waitFor(() => expect(sender.producerOf("microphone")).not.toBeNull());
    expect(
      sender.reconcile(
        new Map([
          ["p1", false],
          ["p2", false],
        ]),
      ),
    ).toEqual([]);
    expect(sender.reconcile(new Map([["p2", true]]))).toEqual(["microphone", "camera"]);
    expect(made[0]?.closed).toBe(true);
    expect(sender.producerOf("camera")).toBeNull();
    expect(sender.producerOf("microphone")).not.toBeNull();
    expect(sender.reconcile(new Map([["p2", true]]))).toEqual([]);
  });

  it("has not been stopped when it was muted here", async () => {
    const { sender, calls } = start();
    const sound = track("audio");
    sender.want("microphone", { track: sound });
    await vi.waitFor(() => expect(sender.producerOf("microphone")).not.toBeNull());
    sender.want("microphone", { track: sound, paused: true });
    await vi.waitFor(() => expect(calls.map(([event]) => event)).toContain("pause-producer"));
    expect(sender.reconcile(new Map([["p1", true]]))).toEqual([]);
  });

  it("is made once, by what it is", async () => {
    const { sender, made, options } = start();
    sender.want("camera", { track: track("video"), encodings: graded(800_000) });
    sender.want("camera", { track: track("video"), encodings: graded(800_000) });
    await vi.waitFor(() => expect(sender.producerOf("camera")).not.toBeNull());
    expect(made).toHaveLength(1);
    expect(options[0]).toMatchObject({ appData: { source: "camera" }, encodings: [{ maxBitrate: 800_000 }] });
  });

  it("takes another device without a new producer", async () => {
    const { sender, made } = start();
    const other = track("audio");
    sender.want("microphone", { track: track("audio") });
    await vi.waitFor(() => expect(made).toHaveLength(1));
    sender.want("microphone", { track: other });
    await vi.waitFor(() => expect(made[0]?.track).toBe(other));
    expect(made).toHaveLength(1);
  });

  it("is graded anew for who has become staff, without a new producer", async () => {
    const { sender, made, options } = start();
    const picture = track("video");
    sender.want("camera", { track: picture, encodings: graded(200_000, 800_000) });
    await vi.waitFor(() => expect(made).toHaveLength(1));
    sender.want("camera", { track: picture, encodings: graded(400_000, 1_500_000) });
    await vi.waitFor(() =>
      expect(made[0]?.rtpSender.parameters.encodings.map((one) => one.maxBitrate)).toEqual([
        400_000, 1_500_000,
      ]),
    );
    expect(options).toHaveLength(1);
  });

  it("keeps its producer, and so its pin, for another camera of another size", async () => {
    const { sender, made } = start();
    const other = track("video");
    sender.want("camera", { track: track("video"), encodings: graded(200_000, 800_000) });
    await vi.waitFor(() => expect(made).toHaveLength(1));
    sender.want("camera", { track: other, encodings: graded(100_000, 300_000, 900_000) });
    await vi.waitFor(() =>
      expect(made[0]?.rtpSender.parameters.encodings.map((one) => one.maxBitrate)).toEqual([
        300_000, 900_000,
      ]),
    );
    expect(made[0]?.track).toBe(other);
    expect(made).toHaveLength(1);
  });

  it("goes on as it was when a browser takes no other grades", async () => {
    const { sender, made, refused } = start();
    const picture = track("video");
    sender.want("camera", { track: picture, encodings: graded(800_000) });
    await vi.waitFor(() => expect(made).toHaveLength(1));
    const tried = vi.fn(async () => Promise.reject(new Error("InvalidModificationError")));
    (made[0] as FakeProducer).rtpSender.setParameters = tried;
    sender.want("camera", { track: picture, encodings: graded(900_000) });
    await vi.waitFor(() => expect(tried).toHaveBeenCalled());
    expect(refused).not.toHaveBeenCalled();
    expect(sender.producerOf("camera")).not.toBeNull();
  });

  it("is not sent larger than anybody watches it, whatever comes together", async () => {
    const { sender, made } = start();
    sender.want("camera", { track: track("video"), encodings: graded(200_000, 800_000) });
    await vi.waitFor(() => expect(sender.producerOf("camera")).not.toBeNull());
    sender.watch("another", [0]);
    sender.watch("p1", [0]);
    sender.watch("p1", [0, 1]);
    await vi.waitFor(() => expect(made[0]?.most).toEqual([0, 1]));
    expect(made[0]?.together).toBe(1);
    sender.watch("p1", []);
    await vi.waitFor(() => expect(made[0]?.most).toEqual([0, 1, 0]));
  });

  it("starts muted where it is to be, and resumes the server's side before ours", async () => {
    const { sender, made, options, calls } = start();
    const sound = track("audio");
    sender.want("microphone", { track: sound, paused: true });
    await vi.waitFor(() => expect(made[0]?.paused).toBe(true));
    expect(options[0]).toMatchObject({ appData: { paused: true } });
    sender.want("microphone", { track: sound, paused: false });
    await vi.waitFor(() => expect(made[0]?.paused).toBe(false));
    expect(calls).toEqual([["resume-producer", { producerId: "p1" }]]);
  });

  it("ends as the newest wish says, whatever was wanted in between", async () => {
    const { sender, made, calls } = start();
    sender.want("camera", { track: track("video") });
    sender.want("camera", null);
    sender.want("camera", { track: track("video") });
    sender.want("camera", null);
    await vi.waitFor(() => expect(calls).toEqual([["close-producer", { producerId: "p1" }]]));
    await vi.waitFor(() => expect(made[0]?.closed).toBe(true));
    expect(made).toHaveLength(1);
    expect(sender.producerOf("camera")).toBeNull();
  });

  it("says what was refused, and does not try again by itself", async () => {
    const refusal = new CallError("Only staff may share.", "forbidden");
    const { sender, made, refused } = start((event) => {
      if (event === "pause-producer") throw refusal;
      return {};
    });
    sender.want("microphone", { track: track("audio") });
    await vi.waitFor(() => expect(made).toHaveLength(1));
    sender.want("microphone", { track: made[0]?.track as MediaStreamTrack, paused: true });
    await vi.waitFor(() => expect(refused).toHaveBeenCalledWith("microphone", refusal));
    sender.retry();
    expect(refused).toHaveBeenCalledOnce();
  });

  it("is muted at once, and the server told of it when a lost connection is back", async () => {
    let lost = true;
    const { sender, made, calls, refused } = start(() => {
      if (lost) throw new CallError("The connection is lost.", "lost");
      return {};
    });
    const sound = track("audio");
    sender.want("microphone", { track: sound });
    await vi.waitFor(() => expect(made).toHaveLength(1));
    sender.want("microphone", { track: sound, paused: true });
    await vi.waitFor(() => expect(calls).toHaveLength(1));
    expect(made[0]?.paused).toBe(true);
    lost = false;
    sender.retry();
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    expect(calls[1]).toEqual(["pause-producer", { producerId: "p1" }]);
    expect(refused).not.toHaveBeenCalled();
  });

  it("takes it without a word that the server has closed something first", async () => {
    const { sender, made, refused } = start((event) => {
      if (event === "close-producer") throw new CallError("You have no such producer.", "no_such_producer");
      return {};
    });
    sender.want("screen", { track: track("video") });
    await vi.waitFor(() => expect(made).toHaveLength(1));
    sender.want("screen", null);
    await vi.waitFor(() => expect(made[0]?.closed).toBe(true));
    expect(sender.producerOf("screen")).toBeNull();
    expect(refused).not.toHaveBeenCalled();
  });

  it("prefers the H.264 that is recorded and decodes everywhere", () => {
    const codec = (mimeType: string, profile: string, mode: number) =>
      ({
        mimeType,
        parameters: { "profile-level-id": profile, "packetization-mode": mode },
      }) as unknown as types.RtpCodecCapability;
    const all = [
      codec("video/VP8", "", 0),
      codec("video/H264", "42001f", 0),
      codec("video/H264", "42e01f", 0),
      codec("video/H264", "42e01f", 1),
    ];
    expect(preferredCodec(all)).toBe(all[3]);
    expect(preferredCodec(all.slice(0, 2))).toBe(all[1]);
    expect(preferredCodec(all.slice(0, 1))).toBeUndefined();
  });

  it("sends a refused microphone only when it is switched on again", async () => {
    const microphone = track("audio");
    let allowed = false;
    const { sender, made, options, refused } = start(undefined, () =>
      allowed ? null : new CallError("Not now.", "forbidden"),
    );
    // The page switches off what was refused, and says so.
    refused.mockImplementation(() => sender.want("microphone", { track: microphone, paused: true }));
    sender.want("microphone", { track: microphone });
    await vi.waitFor(() => expect(refused).toHaveBeenCalled());
    await new Promise((done) => setTimeout(done));
    expect(options).toHaveLength(1);
    allowed = true;
    sender.want("microphone", { track: microphone });
    await vi.waitFor(() => expect(made).toHaveLength(1));
  });
});
