/** The tiles of a recording, fetched when somebody first points at the line of time. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { RecordingsApi } from "../../api/recordings";
import { readTiles, type Tile } from "./storyboard";

const ASK_AGAIN_MS = 10_000;

export interface Storyboard {
  tiles: readonly Tile[];
  /** To be called while somebody points: fetches what there is, and what has come since while it grows. */
  want: () => void;
}

/** `grows`: the recording has not ended, so there will be more. Without an answer there are no pictures, which
 * is no fault of the page. */
export function useStoryboard(id: string, recordings: RecordingsApi, grows: boolean): Storyboard {
  const [tiles, setTiles] = useState<readonly Tile[]>([]);
  const asked = useRef<{ at: number; whole: boolean }>({ at: 0, whole: false });
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  const want = useCallback(() => {
    const now = Date.now();
    if (asked.current.whole || now - asked.current.at < ASK_AGAIN_MS) return;
    asked.current.at = now;
    void recordings
      .storyboard(id)
      .then(({ text, url }) => {
        if (!here.current) return;
        setTiles(readTiles(text, url));
        asked.current.whole = !grows;
      })
      .catch(() => undefined);
  }, [id, recordings, grows]);
  return { tiles, want };
}
