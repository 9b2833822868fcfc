/** Captions of a video: which language is shown, and its words now. The page draws them itself, above its controls. */
import { type RefObject, useCallback, useEffect, useState } from "react";
import type { Captions } from "../../api/recordings";
import { remember, remembered } from "../../storage";

const KEY = "vtp.captions";

export interface CaptionChoice {
  /** The language shown; null for none. */
  language: string | null;
  choose: (language: string | null) => void;
  /** On in the language shown last, or the first there is; off. */
  toggle: () => void;
  /** What is said now, as the browser has read it. */
  words: DocumentFragment[];
}

export function useCaptions(
  video: RefObject<HTMLVideoElement | null>,
  offered: readonly Captions[],
): CaptionChoice {
  const [wanted, setWanted] = useState(() => remembered(KEY));
  const [words, setWords] = useState<DocumentFragment[]>([]);
  const language = offered.some((one) => one.language === wanted) ? wanted : null;
  const url = offered.find((one) => one.language === language);
  const source = url ? `${url.url}?${url.updated_at}` : "";

  const choose = useCallback((next: string | null) => {
    setWanted(next);
    remember(KEY, next);
  }, []);
  const first = offered[0]?.language ?? null;
  const toggle = useCallback(() => choose(language === null ? first : null), [choose, language, first]);

  useEffect(() => {
    const element = video.current;
    setWords([]);
    if (!element || !source) return;
    const track = document.createElement("track");
    track.kind = "captions";
    track.src = source;
    element.append(track);
    track.track.mode = "hidden";
    const show = () => {
      const cues = [...(track.track.activeCues ?? [])] as VTTCue[];
      setWords(cues.map((cue) => cue.getCueAsHTML()));
    };
    track.track.addEventListener("cuechange", show);
    return () => {
      track.track.removeEventListener("cuechange", show);
      track.remove();
    };
  }, [video, source]);

  return { language, choose, toggle, words };
}
