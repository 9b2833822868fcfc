/** Asking the browser for cameras and microphones: those chosen last, else any; both at once, else what there is. */
import {
  cameraConstraints,
  type DeviceProblem,
  deviceProblem,
  microphoneConstraints,
  problemOf,
  QUALITIES,
  type QualityName,
} from "./devices";

export type DeviceKind = "camera" | "microphone";

/** Which devices were chosen (null: any), and how fine the picture is to be. */
export interface Choice {
  cameraId: string | null;
  microphoneId: string | null;
  quality: QualityName;
}

/** Opens devices and hands their tracks on; gives the problem, or null when it worked. */
export async function capture(
  kinds: readonly DeviceKind[],
  { cameraId, microphoneId, quality }: Choice,
  adopt: (stream: MediaStream) => void,
): Promise<DeviceProblem | null> {
  const ask = (exact: boolean) =>
    navigator.mediaDevices.getUserMedia({
      video: kinds.includes("camera") && cameraConstraints(exact ? cameraId : null, QUALITIES[quality]),
      audio: kinds.includes("microphone") && microphoneConstraints(exact ? microphoneId : null),
    });
  try {
    const stream = await ask(true).catch((error: unknown) => {
      // The device chosen last time is gone: take any.
      const isGone = error instanceof Error && ["OverconstrainedError", "NotFoundError"].includes(error.name);
      if (isGone && (cameraId || microphoneId)) return ask(false);
      throw error;
    });
    adopt(stream);
    return null;
  } catch (error) {
    return deviceProblem(error);
  }
}

/** Opens both with one question, else each by itself; gives what is missing or why there is nothing. */
export async function captureBoth(
  open: (kinds: readonly DeviceKind[]) => Promise<DeviceProblem | null>,
): Promise<DeviceProblem | null> {
  if ((await open(["camera", "microphone"])) === null) return null;
  const microphone = await open(["microphone"]);
  const camera = await open(["camera"]);
  const half = (camera === null) !== (microphone === null);
  if (half && camera?.kind === "missing") return problemOf("no-camera");
  if (half && microphone?.kind === "missing") return problemOf("no-microphone");
  return camera ?? microphone;
}

/** The devices that have names, which is once one was allowed. */
export async function knownDevices(): Promise<Record<MediaDeviceKind, MediaDeviceInfo[]>> {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const of = (kind: MediaDeviceKind) => devices.filter((one) => one.deviceId !== "" && one.kind === kind);
  return { videoinput: of("videoinput"), audioinput: of("audioinput"), audiooutput: of("audiooutput") };
}

/** Asks which screen to share; null when the choice was cancelled. */
export async function captureScreen(withSound: boolean): Promise<MediaStream | null> {
  const stream = await navigator.mediaDevices
    .getDisplayMedia({ video: { frameRate: { max: 30 } }, audio: withSound })
    .catch(() => null);
  const [screen] = stream?.getVideoTracks() ?? [];
  if (!screen) return null;
  screen.contentHint = "detail";
  return stream;
}
