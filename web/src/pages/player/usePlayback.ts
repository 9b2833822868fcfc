/** The video element's state for React, and what can be done with it. */
import { type RefObject, useEffect, useMemo, useState } from "react";
import { remember, remembered } from "../../storage";
import { toggleFullscreen } from "../fullscreen";
import { PositionKeeper } from "./position";
import type { PlayerActions } from "./shortcuts";
import { type Loudness, Sound } from "./sound";

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;
const SPEED_KEY = "vtp.speed";

export interface PlaybackState {
  playing: boolean;
  waiting: boolean;
  ended: boolean;
  time_s: number;
  duration_s: number;
  buffered_s: number;
  volume: number;
  muted: boolean;
  speed: number;
}

function readState(video: HTMLVideoElement, { volume, muted }: Loudness): PlaybackState {
  const { buffered, currentTime } = video;
  let buffered_s = 0;
  for (let index = 0; index < buffered.length; index += 1) {
    if (buffered.start(index) <= currentTime + 0.5) buffered_s = Math.max(buffered_s, buffered.end(index));
  }
  return {
    playing: !video.paused,
    waiting: !video.paused && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA,
    ended: video.ended,
    time_s: currentTime,
    duration_s: Number.isFinite(video.duration) ? video.duration : 0,
    buffered_s,
    volume,
    muted,
    speed: video.playbackRate,
  };
}

/** What keys do to the page around the video. */
export type PageActions = Pick<
  PlayerActions,
  "toggleHelp" | "toggleCaptions" | "nextPicture" | "togglePictures"
>;

/** The video in a window of its own, above all others; nothing where the browser has no such thing. */
function togglePicture(video: HTMLVideoElement): void {
  if (document.pictureInPictureElement === video) void document.exitPictureInPicture();
  else if (document.pictureInPictureEnabled) void video.requestPictureInPicture().catch(() => undefined);
}

const EVENTS = [
  "play",
  "pause",
  "ended",
  "timeupdate",
  "durationchange",
  "progress",
  "volumechange",
  "ratechange",
  "waiting",
  "playing",
  "seeking",
  "seeked",
  "loadedmetadata",
  "canplay",
] as const;

const IDLE: PlaybackState = {
  playing: false,
  waiting: false,
  ended: false,
  time_s: 0,
  duration_s: 0,
  buffered_s: 0,
  volume: 1,
  muted: false,
  speed: 1,
};

export interface Playback {
  state: PlaybackState;
  actions: PlayerActions & {
    seek: (time_s: number) => void;
    setVolume: (v: number) => void;
    setSpeed: (s: number) => void;
  };
}

/** `silent`: something else is heard in place of the video's own sound, as loud as the state says. */
export function usePlayback(
  id: string,
  video: RefObject<HTMLVideoElement | null>,
  frame: RefObject<HTMLElement | null>,
  pageActions: PageActions,
  silent: boolean,
): Playback {
  const [state, setState] = useState(IDLE);
  const [sound] = useState(() => new Sound(video));

  useEffect(() => sound.silence(silent), [sound, silent]);

  useEffect(() => {
    const element = video.current;
    if (!element) return;
    const keeper = new PositionKeeper(id, element);
    const update = () => setState(readState(element, sound.wanted()));
    const start = () => {
      element.playbackRate = Number(remembered(SPEED_KEY)) || 1;
    };
    sound.onChange = update;
    for (const name of EVENTS) element.addEventListener(name, update);
    element.addEventListener("loadedmetadata", start);
    return () => {
      keeper.close();
      for (const name of EVENTS) element.removeEventListener(name, update);
      element.removeEventListener("loadedmetadata", start);
    };
  }, [id, video, sound]);

  const actions = useMemo(
    () => buildActions(video, frame, pageActions, sound),
    [video, frame, pageActions, sound],
  );
  return { state, actions };
}

function buildActions(
  video: RefObject<HTMLVideoElement | null>,
  frame: RefObject<HTMLElement | null>,
  pageActions: PageActions,
  sound: Sound,
): Playback["actions"] {
  const withVideo = (act: (element: HTMLVideoElement) => void) => {
    if (video.current) act(video.current);
  };
  const seek = (time_s: number) =>
    withVideo((element) => {
      const end_s = Number.isFinite(element.duration) ? element.duration : time_s;
      element.currentTime = Math.min(Math.max(0, time_s), end_s);
    });
  const setSpeed = (speed: number) =>
    withVideo((element) => {
      element.playbackRate = speed;
      remember(SPEED_KEY, speed === 1 ? null : String(speed));
    });
  const setVolume = (wanted: number) => {
    const volume = Math.min(1, Math.max(0, wanted));
    sound.want({ volume, muted: volume === 0 });
  };
  return {
    seek,
    setSpeed,
    setVolume,
    togglePlay: () =>
      withVideo((element) => (element.paused ? void element.play().catch(() => undefined) : element.pause())),
    skip: (by_s) => withVideo((element) => seek(element.currentTime + by_s)),
    goTo: (share) => withVideo((element) => seek(share * element.duration || 0)),
    toggleSound: () => sound.want({ muted: !sound.wanted().muted }),
    changeVolume: (by) => setVolume(sound.wanted().volume + by),
    changeSpeed: (step) =>
      withVideo((element) => {
        const now = SPEEDS.findIndex((speed) => speed >= element.playbackRate);
        setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, now + step))] ?? 1);
      }),
    toggleFullscreen: () => toggleFullscreen(frame.current, video.current),
    togglePicture: () => withVideo(togglePicture),
    ...pageActions,
  };
}
