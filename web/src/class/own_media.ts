/** The camera, microphone and screen of the person here: what is open, what is chosen. Off means closed. */
import { remember, remembered } from "../storage";
import { capture, captureBoth, captureScreen, type DeviceKind, knownDevices } from "../webrtc/capture";
import { type DeviceProblem, environmentProblem, problemOf, type QualityName } from "../webrtc/devices";

export interface OwnMediaState {
  phase: "idle" | "asking" | "ready" | "refused";
  problem: DeviceProblem | null;
  cameras: readonly MediaDeviceInfo[];
  microphones: readonly MediaDeviceInfo[];
  speakers: readonly MediaDeviceInfo[];
  cameraId: string | null;
  microphoneId: string | null;
  speakerId: string | null;
  /** Whether it is to be heard and seen; the tracks below say whether it can be. */
  microphoneOn: boolean;
  cameraOn: boolean;
  microphone: MediaStreamTrack | null;
  camera: MediaStreamTrack | null;
  screen: MediaStreamTrack | null;
  screenSound: MediaStreamTrack | null;
}

const KEYS = { camera: "vtp.camera", microphone: "vtp.microphone", speaker: "vtp.speaker" } as const;

export class OwnMedia {
  /** A device was unplugged or taken away while it was open. */
  onLost: (problem: DeviceProblem) => void = () => undefined;
  readonly #listeners = new Set<() => void>();
  #closed = false;
  #state: OwnMediaState = {
    phase: "idle",
    problem: null,
    cameras: [],
    microphones: [],
    speakers: [],
    cameraId: remembered(KEYS.camera),
    microphoneId: remembered(KEYS.microphone),
    speakerId: remembered(KEYS.speaker),
    microphoneOn: true,
    cameraOn: true,
    microphone: null,
    camera: null,
    screen: null,
    screenSound: null,
  };

  constructor(private readonly quality: QualityName = "360p") {}

  getState = (): OwnMediaState => this.#state;
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks for camera and microphone; goes on with one of them, or none, when they are not there. */
  async open(): Promise<void> {
    this.#closed = false;
    const obstacle = environmentProblem();
    if (obstacle)
      return this.#change({ phase: "refused", problem: obstacle, cameraOn: false, microphoneOn: false });
    this.#change({ phase: "asking", problem: null });
    navigator.mediaDevices.addEventListener("devicechange", this.#listDevices);
    const problem = await captureBoth(this.#capture);
    await this.#listDevices();
    const { camera, microphone } = this.#state;
    this.#change({
      phase: camera || microphone ? "ready" : "refused",
      problem,
      cameraOn: camera !== null,
      microphoneOn: microphone !== null && this.#state.microphoneOn,
    });
  }

  /** Stops everything that is open. */
  close(): void {
    this.#closed = true;
    navigator.mediaDevices?.removeEventListener("devicechange", this.#listDevices);
    const { camera, microphone, screen, screenSound } = this.#state;
    for (const track of [camera, microphone, screen, screenSound]) track?.stop();
    this.#change({ phase: "idle", camera: null, microphone: null, screen: null, screenSound: null });
  }

  async choose(kind: DeviceKind, id: string): Promise<void> {
    remember(KEYS[kind], id);
    this.#change(kind === "camera" ? { cameraId: id } : { microphoneId: id });
    if (kind === "microphone" || this.#state.cameraOn) this.#change({ problem: await this.#capture([kind]) });
  }

  chooseSpeaker(id: string): void {
    remember(KEYS.speaker, id);
    this.#change({ speakerId: id });
  }

  /** Opens the microphone when there is none yet; false when that fails. */
  async setMicrophoneOn(on: boolean): Promise<boolean> {
    if (on && !this.#state.microphone) {
      const problem = await this.#capture(["microphone"]);
      this.#change({ problem, ...(problem === null && { phase: "ready" as const }) });
      if (problem) return false;
      await this.#listDevices();
    }
    const { microphone } = this.#state;
    if (microphone) microphone.enabled = on;
    this.#change({ microphoneOn: on && microphone !== null });
    return true;
  }

  /** Off closes the camera: its light goes out. False when it cannot be opened. */
  async setCameraOn(on: boolean): Promise<boolean> {
    if (!on) {
      this.#state.camera?.stop();
      this.#change({ camera: null, cameraOn: false });
      return true;
    }
    const problem = await this.#capture(["camera"]);
    this.#change({
      problem,
      cameraOn: problem === null,
      ...(problem === null && { phase: "ready" as const }),
    });
    if (problem === null) await this.#listDevices();
    return problem === null;
  }

  /** Asks which screen to share. Cancelling the browser's choice changes nothing and gives false. */
  async startScreen(): Promise<boolean> {
    const stream = await captureScreen(true);
    const [screen] = stream?.getVideoTracks() ?? [];
    if (!screen) return false;
    if (this.#closed) {
      for (const track of stream?.getTracks() ?? []) track.stop();
      return false;
    }
    screen.addEventListener("ended", () => this.stopScreen());
    this.#change({ screen, screenSound: stream?.getAudioTracks()[0] ?? null });
    return true;
  }

  stopScreen(): void {
    this.#state.screen?.stop();
    this.#state.screenSound?.stop();
    this.#change({ screen: null, screenSound: null });
  }

  readonly #listDevices = async (): Promise<void> => {
    const known = await knownDevices();
    this.#change({
      cameras: known.videoinput,
      microphones: known.audioinput,
      speakers: known.audiooutput,
    });
  };

  /** Opens devices in place of those open now; gives the problem, or null when it worked. */
  readonly #capture = (kinds: readonly DeviceKind[]): Promise<DeviceProblem | null> => {
    return capture(kinds, { ...this.#state, quality: this.quality }, (stream) => this.#adopt(stream));
  };

  #adopt(stream: MediaStream): void {
    if (this.#closed) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    const [camera] = stream.getVideoTracks();
    const [microphone] = stream.getAudioTracks();
    if (camera) {
      this.#state.camera?.stop();
      camera.addEventListener("ended", () => this.#lose("camera", camera));
      this.#change({ camera, cameraOn: true, cameraId: camera.getSettings().deviceId ?? null });
    }
    if (microphone) {
      this.#state.microphone?.stop();
      microphone.enabled = this.#state.microphoneOn;
      microphone.addEventListener("ended", () => this.#lose("microphone", microphone));
      this.#change({ microphone, microphoneId: microphone.getSettings().deviceId ?? null });
    }
  }

  /** A device was unplugged or taken away. */
  #lose(kind: DeviceKind, track: MediaStreamTrack): void {
    if (this.#state[kind] !== track) return;
    const problem = problemOf(kind === "camera" ? "no-camera" : "no-microphone");
    if (kind === "camera") this.#change({ camera: null, cameraOn: false, problem });
    else this.#change({ microphone: null, microphoneOn: false, problem });
    this.onLost(problem);
  }

  #change(changes: Partial<OwnMediaState>): void {
    this.#state = { ...this.#state, ...changes };
    for (const listener of this.#listeners) listener();
  }
}
