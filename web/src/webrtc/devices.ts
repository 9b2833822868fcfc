/** Opening camera, microphone and screen, and saying in words why it did not work. */

export interface VideoQuality {
  name: string;
  width: number;
  height: number;
  maxBitrate_bps: number;
}

export const QUALITIES = {
  "360p": { name: "360p, for slow connections", width: 640, height: 360, maxBitrate_bps: 800_000 },
  "720p": { name: "720p", width: 1280, height: 720, maxBitrate_bps: 2_500_000 },
  "1080p": { name: "1080p", width: 1920, height: 1080, maxBitrate_bps: 4_500_000 },
} as const satisfies Record<string, VideoQuality>;

export type QualityName = keyof typeof QUALITIES;

export type DeviceProblemKind =
  | "no-camera"
  | "no-microphone"
  | "insecure"
  | "denied"
  | "missing"
  | "busy"
  | "unsupported"
  | "other";

export interface DeviceProblem {
  kind: DeviceProblemKind;
  title: string;
  advice: string;
}

const PROBLEMS: Readonly<Record<DeviceProblemKind, Omit<DeviceProblem, "kind">>> = {
  insecure: {
    title: "This address is not secure",
    advice:
      "Browsers give camera and microphone only to https addresses and to localhost. Open this page by its https address.",
  },
  denied: {
    title: "Camera and microphone are blocked",
    advice:
      "Allow them for this page: press the camera or lock symbol beside the address, choose Allow, then try again.",
  },
  missing: {
    title: "No camera or microphone was found",
    advice:
      "Connect one and try again. If it is connected, look whether the system's privacy settings hide it.",
  },
  "no-camera": {
    title: "No camera was found",
    advice: "You can go live with sound alone, or connect a camera and try again.",
  },
  "no-microphone": {
    title: "No microphone was found",
    advice: "Nobody will hear you. Connect a microphone and try again.",
  },
  busy: {
    title: "The camera or microphone is in use",
    advice: "Another program holds it. Close that program and try again.",
  },
  unsupported: {
    title: "This browser cannot send video",
    advice: "Use a current version of Chrome, Edge, Firefox or Safari.",
  },
  other: {
    title: "Camera and microphone could not be opened",
    advice: "Reconnect the device and try again.",
  },
};

const KIND_BY_NAME: Readonly<Record<string, DeviceProblemKind>> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

export const problemOf = (kind: DeviceProblemKind): DeviceProblem => ({ kind, ...PROBLEMS[kind] });

/** The problem behind an error of getUserMedia. */
export function deviceProblem(error: unknown): DeviceProblem {
  const name = error instanceof Error ? error.name : "";
  return problemOf(KIND_BY_NAME[name] ?? "other");
}

/** What stands in the way before anything is asked; null when nothing does. */
export function environmentProblem(): DeviceProblem | null {
  if (!window.isSecureContext) return problemOf("insecure");
  if (!navigator.mediaDevices?.getUserMedia || typeof RTCPeerConnection === "undefined") {
    return problemOf("unsupported");
  }
  return null;
}

export function cameraConstraints(deviceId: string | null, quality: VideoQuality): MediaTrackConstraints {
  return {
    ...(deviceId ? { deviceId: { exact: deviceId } } : { facingMode: "user" }),
    width: { ideal: quality.width },
    height: { ideal: quality.height },
    frameRate: { ideal: 30 },
  };
}

export function microphoneConstraints(deviceId: string | null): MediaTrackConstraints {
  return {
    ...(deviceId && { deviceId: { exact: deviceId } }),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  };
}
