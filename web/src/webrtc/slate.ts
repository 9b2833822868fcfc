/** A still picture in place of the camera: watchers and the recording see words, not a frozen face. */

/** Slow enough to cost nothing, fast enough for key frames to be answered in time. */
const FRAMES_PER_S = 5;

export interface Slate {
  track: MediaStreamTrack;
  stop: () => void;
}

/** Draws `text` on a calm ground, `width` by `height` pixels. Throws when the browser has no canvas capture. */
export function openSlate(text: string, width: number, height: number): Slate {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const track = canvas.captureStream(FRAMES_PER_S).getVideoTracks()[0];
  if (!pen || !track) throw new Error("This browser cannot draw a picture in place of the camera.");
  const draw = () => {
    pen.fillStyle = "#121a18";
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = "#b3bdb8";
    pen.font = `500 ${Math.round(height / 18)}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(text, width / 2, height / 2);
  };
  draw();
  const timer = setInterval(draw, 1000 / FRAMES_PER_S);
  const stop = () => {
    clearInterval(timer);
    track.stop();
  };
  return { track, stop };
}
