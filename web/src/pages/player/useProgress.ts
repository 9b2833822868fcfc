/** Tells the server what happens in the player, and what of the recording is played. */
import { type RefObject, useEffect } from "react";
import { EventSession } from "../../analytics/event_session";
import type { SendBatch } from "../../analytics/events";
import { hold } from "../../analytics/send_left";
import { randomKey } from "../../session/guest";
import { WatchTeller } from "./watch_teller";

/** Whose watching is told, and by which way. */
export interface Told {
  account: string;
  send: SendBatch;
}

/** `told` is null for who has no account: nothing is kept of them. Keep it the same object. */
export function useProgress(id: string, video: RefObject<HTMLVideoElement | null>, told: Told | null): void {
  useEffect(() => {
    const element = video.current;
    if (!element || !told) return;
    const session = new EventSession(randomKey(), told.account, told.send);
    const release = hold(session.id);
    const stop = new WatchTeller(id, element, session).start();
    return () => {
      stop();
      session.close(); // what is not answered by now waits for a page of the same account
      release();
    };
  }, [id, video, told]);
}
