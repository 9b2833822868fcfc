/** Opens camera and microphone for a moment and listens whether anything comes. */
import { remembered } from "../storage";
import { type Choice, capture, captureBoth } from "../webrtc/capture";
import { LevelReader } from "../webrtc/level";
import { CAMERA_KEY, MICROPHONE_KEY } from "../webrtc/local_media";
import { SILENCE_DBFS } from "../webrtc/silence";
import type { DevicesSeen } from "./rules";

const LISTEN_MS = 1_500;
const LISTEN_STEP_MS = 50;

export async function lookAtDevices(): Promise<DevicesSeen> {
  const choice: Choice = {
    cameraId: remembered(CAMERA_KEY),
    microphoneId: remembered(MICROPHONE_KEY),
    quality: "720p",
  };
  const tracks: MediaStreamTrack[] = [];
  const problem = await captureBoth((kinds) =>
    capture(kinds, choice, (stream) => tracks.push(...stream.getTracks())),
  );
  try {
    const camera = tracks.find(({ kind }) => kind === "video");
    const microphone = tracks.find(({ kind }) => kind === "audio");
    return {
      camera: camera ? camera.label || "A camera" : null,
      microphone: microphone ? microphone.label || "A microphone" : null,
      heard: microphone ? await hears(microphone) : null,
      problem,
    };
  } finally {
    for (const track of tracks) track.stop();
  }
}

async function hears(track: MediaStreamTrack): Promise<boolean | null> {
  const level = new LevelReader(track);
  try {
    const end_ms = performance.now() + LISTEN_MS;
    while (performance.now() < end_ms) {
      await new Promise((done) => setTimeout(done, LISTEN_STEP_MS));
      if (level.running && level.read() > SILENCE_DBFS) return true;
    }
    return level.running ? false : null;
  } finally {
    level.close();
  }
}
