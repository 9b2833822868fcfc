/** The tracks of participants in a recording; none while it runs, where it has none, and for who may not have them. */
import { useEffect, useState } from "react";
import type { RecordingsApi } from "../../../api/recordings";
import { NO_TRACKS, type Tracks, tracksOf } from "./places";

export function useTracks(recordings: RecordingsApi, id: string, offered: boolean): Tracks {
  const [tracks, setTracks] = useState(NO_TRACKS);
  useEffect(() => {
    setTracks(NO_TRACKS);
    if (!offered) return;
    const abort = new AbortController();
    recordings.info(id, abort.signal).then(
      (info) => setTracks(tracksOf(info)),
      () => undefined, // the program plays without them
    );
    return () => abort.abort();
  }, [recordings, id, offered]);
  return tracks;
}
