/** Attaching an HLS playlist to a video element: hls.js where it runs, else the browser's own player. */
import Hls from "hls.js";
import workerUrl from "hls.js/dist/hls.worker.js?url";
import { type Failure, failed, failureAt, failureOf } from "./failure";
import { goOnBehindGaps } from "./gaps";
import { type Renew, Renewal } from "./grant";
import { LateRenditions, lookForPicture, STILL_SEGMENTS } from "./late_renditions";
import { keepOneSound } from "./oneSound";

const NO_HLS =
  "This browser cannot play the recording. Use a current version of Chrome, Edge, Firefox or Safari.";
const NOT_PLAYED = "The recording could not be played.";
const MAX_RECOVERIES = 3;
/** After so long without another an error counts no more: a long class may have one now and then. */
const FORGOTTEN_MS = 60_000;
/** What a stall has cost is made up for at this speed. */
const CATCH_UP_RATE = 1.2;

/** The pictures that a player can choose from. */
export interface Qualities {
  /** Heights in pixels, the best first; one or none where there is nothing to choose. */
  heights: number[];
  /** Chooses one; null lets the player choose by the connection. */
  choose: (height: number | null) => void;
}

export interface SourceOptions {
  url: string;
  start_s: number;
  /** Whether it is played a little faster where it has come behind the live edge: nobody chooses the speed then. */
  catchesUp: boolean;
  /** Asks for a new media grant. */
  renew: Renew;
  onQualities: (qualities: Qualities) => void;
  /** Told why when playing has failed, until it is attached anew; and where it stood, if the element forgets it. */
  onFailure: (failure: Failure, stood?: Standing) => void;
  /** Told once when there is more to play than there was to choose from, which has to be attached anew. */
  onMore: () => void;
}

/** Where a video stands, and whether it plays. */
export interface Standing {
  at_s: number;
  plays: boolean;
}

/** Attaches; gives the function that detaches. */
export function attachSource(video: HTMLVideoElement, options: SourceOptions): () => void {
  const { url, start_s, onFailure, onMore } = options;
  if (Hls.isSupported()) return attachHls(video, options);
  if (!video.canPlayType("application/vnd.apple.mpegurl")) {
    onFailure(failed(NO_HLS));
    return () => undefined;
  }
  let attached = true;
  const onError = async () => {
    const undecodable = video.error?.code === MediaError.MEDIA_ERR_DECODE;
    const failure = undecodable ? failed(video.error?.message || NOT_PLAYED) : await failureAt(url);
    if (attached) onFailure(failure);
  };
  const seek = () => {
    if (start_s > 0) video.currentTime = start_s;
  };
  video.addEventListener("error", onError);
  video.addEventListener("loadedmetadata", seek, { once: true });
  video.src = url;
  const stopLooking = lookForPicture(video, url, onMore);
  return () => {
    attached = false;
    stopLooking();
    video.removeEventListener("error", onError);
    video.removeEventListener("loadedmetadata", seek);
    video.removeAttribute("src");
    video.load();
  };
}

function attachHls(
  video: HTMLVideoElement,
  { url, start_s, catchesUp, renew, onFailure, onQualities, onMore }: SourceOptions,
): () => void {
  const renewal = new Renewal(renew);
  const { manifestLoadPolicy, playlistLoadPolicy, fragLoadPolicy } = Hls.DefaultConfig;
  // The worker is a file of ours: the content security policy allows no blob workers.
  const hls = new Hls({
    workerPath: workerUrl,
    startPosition: start_s > 0 ? start_s : -1,
    backBufferLength: 60,
    // Any other than 1 has hls.js set the speed of all that grows, also where somebody looks back.
    maxLiveSyncPlaybackRate: catchesUp ? CATCH_UP_RATE : 1,
    renderTextTracksNatively: false, // captions are ours: useCaptions
    manifestLoadPolicy: renewal.policy(manifestLoadPolicy),
    playlistLoadPolicy: renewal.policy(playlistLoadPolicy),
    fragLoadPolicy: renewal.policy(fragLoadPolicy),
  });
  const late = new LateRenditions(onMore, catchesUp ? 0 : STILL_SEGMENTS);
  let recoveries = 0;
  let failed_ms = 0;
  let at_s = start_s;
  let attached = true;
  hls.on(Hls.Events.MANIFEST_LOADED, (_event, { levels, audioTracks }) =>
    late.list([...levels, ...audioTracks]),
  );
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    keepOneSound(hls);
    onQualities(qualitiesOf(hls));
  });
  hls.on(Hls.Events.LEVEL_LOADED, (_event, { details }) => {
    renewal.loaded();
    late.look(details);
  });
  hls.on(Hls.Events.FRAG_LOADED, () => renewal.loaded());
  hls.on(Hls.Events.ERROR, (_event, data) => {
    if (!data.fatal) return;
    const now_ms = performance.now();
    recoveries = now_ms - failed_ms < FORGOTTEN_MS ? recoveries + 1 : 1;
    failed_ms = now_ms;
    // Both that destroys it and that recovers it empty the element, which then stands at 0 and pauses.
    if (video.readyState > 0) at_s = video.currentTime;
    const plays = !video.paused;
    if (recoveries > MAX_RECOVERIES) {
      hls.destroy();
      onFailure(failed(NOT_PLAYED), { at_s, plays });
    } else if (data.type === Hls.ErrorTypes.MEDIA_ERROR) {
      hls.recoverMediaError();
      if (plays) video.play().catch(() => undefined);
    } else if (data.type !== Hls.ErrorTypes.NETWORK_ERROR) onFailure(failed(NOT_PLAYED));
    else {
      const request = data.networkDetails instanceof XMLHttpRequest ? data.networkDetails : null;
      void failureOf(request).then((failure) => attached && onFailure(failure));
    }
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  const stopLooking = goOnBehindGaps(video);
  return () => {
    attached = false;
    late.close();
    stopLooking();
    hls.destroy();
  };
}

function qualitiesOf(hls: Hls): Qualities {
  const heights = [...new Set(hls.levels.map((level) => level.height))].sort((one, other) => other - one);
  return {
    heights,
    choose: (height) => {
      hls.nextLevel = height === null ? -1 : hls.levels.findLastIndex((level) => level.height === height);
    },
  };
}
