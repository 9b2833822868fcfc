import { beforeEach, describe, expect, it, vi } from "vitest";
import { OwnMedia } from "./own_media";

class FakeTrack extends EventTarget {
  enabled = true;
  stopped = false;
  contentHint = "";
  constructor(
    readonly kind: "audio" | "video",
    readonly deviceId: string,
  ) {
    super();
  }
  getSettings = () => ({ deviceId: this.deviceId });
  stop = () => {
    this.stopped = true;
  };
}

const streamOf = (tracks: FakeTrack[]) => ({
  getTracks: () => tracks,
  getVideoTracks: () => tracks.filter((one) => one.kind === "video"),
  getAudioTracks: () => tracks.filter((one) => one.kind === "audio"),
});

const refusal = (name: string) => Object.assign(new Error(name), { name });

type Wanted = { audio?: unknown; video?: unknown };

/** A browser with these devices; `refuse` says why one cannot be opened. */
function install(refuse: (wanted: Wanted) => string | null = () => null) {
  const opened: FakeTrack[] = [];
  const asked: Wanted[] = [];
  const open = async (wanted: Wanted) => {
    asked.push(wanted);
    const why = refuse(wanted);
    if (why) throw refusal(why);
    const tracks: FakeTrack[] = [];
    if (wanted.video) tracks.push(new FakeTrack("video", "camera-1"));
    if (wanted.audio) tracks.push(new FakeTrack("audio", "microphone-1"));
    opened.push(...tracks);
    return streamOf(tracks);
  };
  const devices = new EventTarget();
  Object.assign(devices, {
    getUserMedia: open,
    getDisplayMedia: open,
    enumerateDevices: async () => [{ kind: "videoinput", deviceId: "camera-1", label: "Camera" }],
  });
  vi.stubGlobal("navigator", { mediaDevices: devices });
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal("RTCPeerConnection", class {});
  return { opened, asked };
}

describe("one's own devices", () => {
  beforeEach(() => window.localStorage.clear());

  it("are closed when the browser's choice of a screen outlives the class", async () => {
    const { opened } = install();
    const own = new OwnMedia();
    const choosing = own.startScreen();
    own.close();
    expect(await choosing).toBe(false);
    expect(opened.every((track) => track.stopped)).toBe(true);
    expect(own.getState().screen).toBeNull();
  });

  it("say so when they are taken away", async () => {
    const { opened } = install();
    const own = new OwnMedia();
    const lost = vi.fn();
    own.onLost = lost;
    await own.open();
    opened.find((track) => track.kind === "audio")?.dispatchEvent(new Event("ended"));
    expect(lost).toHaveBeenCalledWith(expect.objectContaining({ title: "No microphone was found" }));
  });

  it("are opened together and listed", async () => {
    install();
    const own = new OwnMedia();
    await own.open();
    expect(own.getState()).toMatchObject({
      phase: "ready",
      problem: null,
      cameraOn: true,
      microphoneOn: true,
      cameraId: "camera-1",
    });
    expect(own.getState().cameras).toHaveLength(1);
  });

  it("go on with the microphone alone where there is no camera", async () => {
    install(({ video }) => (video ? "NotFoundError" : null));
    const own = new OwnMedia();
    await own.open();
    expect(own.getState()).toMatchObject({ phase: "ready", cameraOn: false, microphoneOn: true });
    expect(own.getState().problem?.kind).toBe("no-camera");
  });

  it("are none when the browser refuses, and can be asked for later", async () => {
    let refused = true;
    install(() => (refused ? "NotAllowedError" : null));
    const own = new OwnMedia();
    await own.open();
    expect(own.getState()).toMatchObject({ phase: "refused", cameraOn: false, microphoneOn: false });
    expect(await own.setMicrophoneOn(true)).toBe(false);
    refused = false;
    expect(await own.setMicrophoneOn(true)).toBe(true);
    expect(own.getState()).toMatchObject({ phase: "ready", microphoneOn: true, problem: null });
  });

  it("close the camera when it is off, and only silence the microphone", async () => {
    const { opened } = install();
    const own = new OwnMedia();
    await own.open();
    const [camera, microphone] = opened;
    await own.setCameraOn(false);
    await own.setMicrophoneOn(false);
    expect(camera?.stopped).toBe(true);
    expect(own.getState().camera).toBeNull();
    expect(microphone).toMatchObject({ stopped: false, enabled: false });
  });

  it("are kept in mind, and replaced without a gap when others are chosen", async () => {
    const { opened, asked } = install();
    const own = new OwnMedia();
    await own.open();
    await own.choose("camera", "camera-2");
    expect(asked.at(-1)?.video).toMatchObject({ deviceId: { exact: "camera-2" } });
    expect(opened[0]?.stopped).toBe(true);
    expect(own.getState().camera).toBe(opened.at(-1));
    expect(window.localStorage.getItem("vtp.camera")).toBe("camera-2");
  });

  it("are missed when they are pulled out", async () => {
    const { opened } = install();
    const own = new OwnMedia();
    await own.open();
    opened[1]?.dispatchEvent(new Event("ended"));
    expect(own.getState()).toMatchObject({ microphone: null, microphoneOn: false });
    expect(own.getState().problem?.kind).toBe("no-microphone");
  });

  it("share a screen until the browser's own button ends it", async () => {
    const { opened } = install();
    const own = new OwnMedia();
    expect(await own.startScreen()).toBe(true);
    const screen = opened.find((one) => one.kind === "video");
    expect(own.getState().screen).toBe(screen);
    expect(screen?.contentHint).toBe("detail");
    screen?.dispatchEvent(new Event("ended"));
    expect(own.getState()).toMatchObject({ screen: null, screenSound: null });
  });

  it("are all let go of, those too that are being opened", async () => {
    const { opened } = install();
    const own = new OwnMedia();
    const opening = own.open();
    own.close();
    await opening;
    expect(opened.every((one) => one.stopped)).toBe(true);
    expect(own.getState()).toMatchObject({ camera: null, microphone: null });
  });
});
