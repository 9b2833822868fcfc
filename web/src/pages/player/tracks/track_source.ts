/** One participant's track in a media element: hls.js where it runs, else the browser's own player. */
import Hls from "hls.js";
import type { OpenTrack } from "./follower";

/** There may be many at once: each holds little. */
const CONFIG = {
  enableWorker: false,
  maxBufferLength: 12,
  maxMaxBufferLength: 20,
  maxBufferSize: 8_000_000,
  backBufferLength: 10,
} as const;
const MAX_RECOVERIES = 3;

/** `address` gives a track's playlist. */
export function trackOpener(address: (track: string) => string): OpenTrack {
  return (element, track, start_s, failed) => {
    const at_s = Math.max(0, start_s);
    return Hls.isSupported()
      ? openHls(element, address(track), at_s, failed)
      : openNative(element, address(track), at_s, failed);
  };
}

function openHls(element: HTMLMediaElement, url: string, start_s: number, failed: () => void): () => void {
  const hls = new Hls({ ...CONFIG, startPosition: start_s });
  let recoveries = 0;
  hls.on(Hls.Events.ERROR, (_event, { fatal, type }) => {
    if (!fatal) return;
    recoveries += 1;
    if (type === Hls.ErrorTypes.MEDIA_ERROR && recoveries <= MAX_RECOVERIES) hls.recoverMediaError();
    else failed();
  });
  hls.loadSource(url);
  hls.attachMedia(element);
  return () => hls.destroy();
}

function openNative(element: HTMLMediaElement, url: string, start_s: number, failed: () => void): () => void {
  const seek = () => {
    element.currentTime = start_s;
  };
  element.addEventListener("error", failed);
  element.addEventListener("loadedmetadata", seek, { once: true });
  element.src = url;
  return () => {
    element.removeEventListener("error", failed);
    element.removeEventListener("loadedmetadata", seek);
    element.removeAttribute("src");
    element.load();
  };
}
