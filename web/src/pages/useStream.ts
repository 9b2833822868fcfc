/** A live stream in a video element, from one source of it to the next. */
import { type RefObject, useEffect, useRef, useState } from "react";
import type { StreamOffer } from "../class/protocol";
import { addressOf, StreamFollower } from "../class/stream_follower";
import { keepGrant } from "./player/grant";
import { attachSource } from "./player/source";
import { refusalOf } from "./stream_refusal";

interface Options {
  /** What to begin with; null: it is asked for. */
  first: StreamOffer | null;
  /** Asks for the stream anew; null: there is none to be followed any more. Null of itself: nothing is followed. */
  ask: (() => Promise<StreamOffer | null>) | null;
  /** Starts the element, which has something now. */
  play: (element: HTMLVideoElement) => void;
}

export interface Following {
  /** The picture moves. */
  moves: boolean;
  /** Why there is none, as a sentence; empty where there is one, or nothing is to be done but to wait. */
  refusal: string;
}

export function useStream(
  video: RefObject<HTMLVideoElement | null>,
  { first, ask, play }: Options,
): Following {
  const [moves, setMoves] = useState(false);
  const [refusal, setRefusal] = useState("");
  const begin = useRef(first);
  begin.current = first;
  useEffect(() => {
    const element = video.current;
    if (!element || !ask) return;
    const renew = async () => {
      const offer = await ask();
      const answer = offer?.grant ? await fetch(addressOf(offer)) : null;
      if (!offer || answer?.ok === false) throw new Error("There is no stream to be followed any more.");
    };
    const follower = new StreamFollower({
      ask,
      refused: (why) => {
        const { message, least_ms } = refusalOf(why);
        setRefusal(message);
        return least_ms;
      },
      play: (url, over) => {
        setRefusal("");
        element.addEventListener("ended", over);
        const detach = attachSource(element, {
          url,
          start_s: 0,
          catchesUp: true,
          renew,
          onQualities: () => undefined,
          onFailure: over,
          onMore: over,
        });
        play(element);
        return () => {
          element.removeEventListener("ended", over);
          detach();
          setMoves(false);
        };
      },
    });
    const playing = () => {
      follower.succeeded();
      setMoves(true);
    };
    const waiting = () => {
      follower.stalled();
      setMoves(false);
    };
    element.addEventListener("playing", playing);
    element.addEventListener("waiting", waiting);
    if (begin.current) follower.follow(begin.current);
    else follower.start();
    const stopRenewing = keepGrant(renew);
    return () => {
      stopRenewing();
      element.removeEventListener("playing", playing);
      element.removeEventListener("waiting", waiting);
      follower.close();
    };
  }, [video, ask, play]);
  return { moves, refusal };
}
