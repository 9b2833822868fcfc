/** Which picture is the large one, whether the small ones are shown, and who is heard; as the page's address says. */
import { useCallback, useMemo, useState } from "react";
import { remember, remembered } from "../../../storage";
import { readView, writeView } from "../deep_link";
import { type Place, placeNamed, type Tracks, type Voice, voiceNamed, voicesOf } from "./places";

const KEY = "vtp.small_pictures";
/** One alone is mostly whoever presents: it is shown when somebody asks for it. */
const WORTH_SHOWING = 2;

export interface Arrangement {
  tracks: Tracks;
  voices: Voice[];
  /** Null: the program's picture. */
  large: Place | null;
  choose: (key: string | null) => void;
  /** The next one, and after the last the program's. */
  chooseNext: () => void;
  /** Who is heard alone; null: everybody. */
  alone: Voice | null;
  listenTo: (key: string | null) => void;
  /** Whether there are small pictures beside the large one. */
  strip: boolean;
  toggleStrip: () => void;
}

export function useArrangement(tracks: Tracks): Arrangement {
  const [view, setView] = useState(() => readView(window.location.search));
  const [wanted, setWanted] = useState(() => remembered(KEY));
  const voices = useMemo(() => voicesOf(tracks), [tracks]);
  const { pictures } = tracks;
  const large = placeNamed(pictures, view.large) ?? null;
  const alone = voiceNamed(voices, view.alone) ?? null;

  const change = useCallback((changes: Partial<typeof view>) => {
    setView((before) => {
      const next = { ...before, ...changes };
      writeView(next);
      return next;
    });
  }, []);
  const choose = useCallback((key: string | null) => change({ large: key }), [change]);
  const listenTo = useCallback((key: string | null) => change({ alone: key }), [change]);
  const chooseNext = useCallback(() => {
    const at = large === null ? 0 : pictures.indexOf(large) + 1;
    choose(pictures[at]?.key ?? null);
  }, [choose, large, pictures]);
  const usual = pictures.length >= WORTH_SHOWING ? "shown" : "hidden";
  const strip = pictures.length > 0 && (wanted ?? usual) === "shown";
  const toggleStrip = useCallback(() => {
    const next = strip ? "hidden" : "shown";
    remember(KEY, next);
    setWanted(next);
  }, [strip]);
  return { tracks, voices, large, choose, chooseNext, alone, listenTo, strip, toggleStrip };
}
