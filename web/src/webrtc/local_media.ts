/** The presenter's camera, microphone and screen: what is open, what is chosen, what is sent. */
import { remember, remembered } from "../storage";
import { capture, captureBoth, captureScreen, type DeviceKind, knownDevices } from "./capture";
import { type DeviceProblem, environmentProblem, QUALITIES, type QualityName } from "./devices";
import { openSlate, type Slate } from "./slate";

export interface LocalMediaState {
  phase: "idle" | "asking" | "ready" | "refused";
  /** Why nothing could be opened ("refused"), or what is missing although the rest works ("ready"). */
  problem: DeviceProblem | null;
  cameras: readonly MediaDeviceInfo[];
  microphones: readonly MediaDeviceInfo[];
  cameraId: string | null;
  microphoneId: string | null;
  quality: QualityName;
  microphoneOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  /** What goes out as sound and as picture. */
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
}

export const CAMERA_KEY = "vtp.camera";
export const MICROPHONE_KEY = "vtp.microphone";
const QUALITY_KEY = "vtp.quality";

function keptQuality(): QualityName {
  const kept = remembered(QUALITY_KEY) ?? "";
  return kept in QUALITIES ? (kept as QualityName) : "720p";
}

export class LocalMedia {
  #camera: MediaStreamTrack | null = null;
  #microphone: MediaStreamTrack | null = null;
  #screen: MediaStreamTrack | null = null;
  #slate: Slate | null = null;
  readonly #listeners = new Set<() => void>();
  #state: LocalMediaState = {
    phase: "idle",
    problem: null,
    cameras: [],
    microphones: [],
    cameraId: remembered(CAMERA_KEY),
    microphoneId: remembered(MICROPHONE_KEY),
    quality: keptQuality(),
    microphoneOn: true,
    cameraOn: true,
    sharing: false,
    audio: null,
    video: null,
  };

  getState = (): LocalMediaState => this.#state;
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks for camera and microphone; goes on with one of them when the other is not there. */
  async open(): Promise<void> {
    const obstacle = environmentProblem();
    if (obstacle) return this.#change({ phase: "refused", problem: obstacle });
    this.#change({ phase: "asking", problem: null });
    navigator.mediaDevices.addEventListener("devicechange", this.#listDevices);
    const problem = await captureBoth(this.#capture);
    const isOpen = this.#camera !== null || this.#microphone !== null;
    if (isOpen && !this.#camera) this.#showSlate("No camera");
    await this.#listDevices();
    this.#change({ phase: isOpen ? "ready" : "refused", problem });
  }

  /** Stops everything that is open. */
  close(): void {
    navigator.mediaDevices?.removeEventListener("devicechange", this.#listDevices);
    for (const track of [this.#camera, this.#microphone, this.#screen]) track?.stop();
    this.#slate?.stop();
    this.#camera = this.#microphone = this.#screen = this.#slate = null;
    this.#change({ phase: "idle", sharing: false });
  }

  async chooseCamera(id: string): Promise<void> {
    remember(CAMERA_KEY, id);
    this.#change({ cameraId: id });
    if (this.#state.cameraOn) this.#change({ problem: await this.#capture(["camera"]) });
  }

  async chooseMicrophone(id: string): Promise<void> {
    remember(MICROPHONE_KEY, id);
    this.#change({ microphoneId: id });
    this.#change({ problem: await this.#capture(["microphone"]) });
  }

  async chooseQuality(quality: QualityName): Promise<void> {
    remember(QUALITY_KEY, quality);
    this.#change({ quality });
    const { width, height } = QUALITIES[quality];
    await this.#camera?.applyConstraints({ width: { ideal: width }, height: { ideal: height } });
  }

  setMicrophoneOn(on: boolean): void {
    if (this.#microphone) this.#microphone.enabled = on;
    this.#change({ microphoneOn: on });
  }

  /** Off closes the camera (its light goes out) and sends a still picture instead. */
  async setCameraOn(on: boolean): Promise<void> {
    this.#change({ cameraOn: on });
    if (on) return this.#change({ problem: await this.#capture(["camera"]) });
    this.#showSlate("Camera is off");
  }

  #showSlate(text: string): void {
    const { width, height } = this.#camera?.getSettings() ?? {};
    this.#camera?.stop();
    this.#camera = null;
    this.#slate ??= openSlate(text, width ?? 1280, height ?? 720);
    this.#change({ cameraOn: false });
  }

  /** Shows the screen in place of the camera. Cancelling the browser's choice changes nothing. */
  async startScreen(): Promise<void> {
    const [track] = (await captureScreen(false))?.getVideoTracks() ?? [];
    if (!track) return;
    track.addEventListener("ended", () => this.stopScreen());
    this.#screen = track;
    this.#change({ sharing: true });
  }

  stopScreen(): void {
    this.#screen?.stop();
    this.#screen = null;
    this.#change({ sharing: false });
  }

  readonly #listDevices = async (): Promise<void> => {
    const known = await knownDevices();
    this.#change({
      cameras: known.videoinput,
      microphones: known.audioinput,
    });
  };

  /** Opens devices in place of those open now; gives the problem, or null when it worked. */
  readonly #capture = (kinds: readonly DeviceKind[]): Promise<DeviceProblem | null> => {
    // Some systems open a device only once: let go of the old one first.
    if (kinds.includes("camera")) this.#camera?.stop();
    if (kinds.includes("microphone")) this.#microphone?.stop();
    return capture(kinds, this.#state, (stream) => this.#adopt(stream));
  };

  #adopt(stream: MediaStream): void {
    const [camera] = stream.getVideoTracks();
    const [microphone] = stream.getAudioTracks();
    if (camera) {
      this.#camera = camera;
      this.#slate?.stop();
      this.#slate = null;
      this.#change({ cameraOn: true, cameraId: camera.getSettings().deviceId ?? null });
    }
    if (microphone) {
      microphone.enabled = this.#state.microphoneOn;
      this.#microphone = microphone;
      this.#change({ microphoneId: microphone.getSettings().deviceId ?? null });
    }
  }

  #change(changes: Partial<LocalMediaState>): void {
    this.#state = {
      ...this.#state,
      ...changes,
      audio: this.#microphone,
      video: this.#screen ?? this.#camera ?? this.#slate?.track ?? null,
    };
    for (const listener of this.#listeners) listener();
  }
}
