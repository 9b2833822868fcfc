/** Tells the server what of a recording is played, for who has an account. */
import { type RefObject, useEffect } from "react";
import type { RecordingsApi } from "../../api/recordings";
import { randomKey } from "../../session/guest";
import { Played } from "./played";

const REPORT_EVERY_MS = 10_000;

export function useProgress(
  id: string,
  video: RefObject<HTMLVideoElement | null>,
  recordings: RecordingsApi | null,
): void {
  useEffect(() => {
    const element = video.current;
    if (!element || !recordings) return;
    const session_id = randomKey();
    const played = new Played();
    let seq = 0;
    let begun = false;
    let position_s = -1;

    const report = () => {
      const segments = played.take();
      const position = Math.max(0, Math.round(element.currentTime * 1000) / 1000);
      if (segments.length === 0 && begun && position === position_s) return;
      begun = true;
      position_s = position;
      seq += 1;
      const undone = () => played.putBack(segments);
      recordings
        .report(id, { session_id, seq, position, segments })
        .then((done) => (done ? undefined : undone()), undone);
    };
    const play = () => {
      if (!begun) report(); // from now on time counts
    };
    const look = () => {
      if (!element.paused && !element.seeking) played.at(element.currentTime, element.playbackRate);
    };
    const cut = () => played.cut();
    const pause = () => {
      look();
      if (begun) report();
    };
    const leave = () => {
      if (begun && (document.visibilityState === "hidden" || element.paused)) report();
    };
    const timer = setInterval(() => !element.paused && report(), REPORT_EVERY_MS);
    const listeners: [EventTarget, string, () => void][] = [
      [element, "playing", play],
      [element, "timeupdate", look],
      [element, "seeking", cut],
      [element, "ratechange", cut],
      [element, "pause", pause],
      [element, "ended", pause],
      [document, "visibilitychange", leave],
      [window, "pagehide", pause],
    ];
    for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
    return () => {
      clearInterval(timer);
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
      if (begun) report();
    };
  }, [id, video, recordings]);
}
