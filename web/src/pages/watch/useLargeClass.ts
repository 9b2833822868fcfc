/** The live stream of a class that is too large to be sent to everybody who only watches. */
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { readProblem } from "../../api/problem";
import { useApi } from "../../session/Session";
import type { LinkState } from "../../webrtc/link";
import { useStream } from "../useStream";
import type { Watcher } from "./useWatcher";

/** The server's word for "follow the stream instead". */
const WATCH_STREAM = "watch_stream";
/** When there is no stream (any more), the class may have become small enough: it is asked again after so long. */
const AGAIN_AFTER_MS = 20_000;

export interface LargeClass {
  /** The class is followed as a stream. */
  isLarge: boolean;
  moves: boolean;
  /** There was a picture, which stays when it stops for a moment. */
  seen: boolean;
  /** Nobody streams it: those who are in the class itself see it. */
  gone: boolean;
  /** Why this person sees none of it, as a sentence; empty where there is nothing to say. */
  refusal: string;
}

export const isLargeClass = (state: LinkState): boolean =>
  state.phase === "failed" && state.refusal.code === WATCH_STREAM;

export function useLargeClass(
  slug: string,
  video: RefObject<HTMLVideoElement | null>,
  { state, retryNow }: Pick<Watcher, "state" | "retryNow">,
  play: (element: HTMLVideoElement) => void,
  asStream: boolean,
): LargeClass {
  const { http } = useApi();
  const isLarge = asStream || isLargeClass(state);
  const [gone, setGone] = useState(false);
  const retry = useRef(retryNow);
  retry.current = retryNow;
  useEffect(() => {
    if (!isLarge || !gone) return;
    const timer = setTimeout(() => retry.current(), AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isLarge, gone]);
  const ask = useCallback(async () => {
    const url = `/live/${encodeURIComponent(slug)}/master.m3u8`;
    const answer = await http.send(url); // its cookie opens the rest
    setGone(answer.status === 404 || answer.status === 410);
    if (answer.ok) return { stream_id: "", url, grant: "" };
    throw await readProblem(answer);
  }, [http, slug]);
  const { moves, refusal } = useStream(video, { first: null, ask: isLarge ? ask : null, play });
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (moves || gone) setSeen(moves);
  }, [moves, gone]);
  return { isLarge, moves, seen, gone, refusal };
}
