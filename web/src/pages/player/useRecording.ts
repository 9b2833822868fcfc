/** A recording with its captions, its chapters and how far the person is. */
import { useCallback, useEffect, useState } from "react";
import type { Captions, Chapters, MyProgress, Recording, RecordingsApi } from "../../api/recordings";
import { type Loaded, useLoaded } from "../../hooks/useLoaded";

const FRESH_MS = 10_000;
const NO_CHAPTERS: Chapters = { own: false, chapters: [] };

export interface Watched {
  recording: Loaded<Recording>;
  /** Null while it is read; then what there is, also where one of these could not be read. */
  more: { progress: MyProgress | null; captions: readonly Captions[]; chapters: Chapters } | null;
  reloadMore: () => Promise<void>;
}

/** `hasAccount`: whether the server keeps how far they are. */
export function useRecording(recordings: RecordingsApi, id: string, hasAccount: boolean): Watched {
  const load = useCallback((signal: AbortSignal) => recordings.get(id, signal), [recordings, id]);
  const [grows, setGrows] = useState(false);
  const recording = useLoaded(load, grows ? FRESH_MS : 0);
  const [more, setMore] = useState<Watched["more"]>(null);
  const isThere = recording.data !== null;
  const isPlayable = Boolean(recording.data?.playback_url);
  const isRunning = recording.data?.status === "recording" || recording.data?.status === "finalizing";
  useEffect(() => setGrows(isRunning), [isRunning]);

  const reloadMore = useCallback(async () => {
    const or = <T>(reading: Promise<T>, otherwise: T) => reading.catch(() => otherwise);
    const [progress, captions, chapters] = await Promise.all([
      hasAccount ? or(recordings.progress(id), null) : null,
      isPlayable ? or(recordings.captions(id), { items: [] }) : { items: [] },
      isPlayable ? or(recordings.chapters(id), NO_CHAPTERS) : NO_CHAPTERS,
    ]);
    setMore({ progress, captions: captions.items, chapters });
  }, [recordings, id, hasAccount, isPlayable]);

  useEffect(() => {
    if (!isThere) return;
    void reloadMore();
    // While it is recorded, chapters come.
    const timer = isRunning ? setInterval(() => void reloadMore(), FRESH_MS) : undefined;
    return () => clearInterval(timer);
  }, [isThere, isRunning, reloadMore]);

  return { recording, more, reloadMore };
}
