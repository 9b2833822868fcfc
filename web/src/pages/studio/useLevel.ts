/** How loud the microphone is, and whether nothing comes from it at all. */
import { useEffect, useState } from "react";
import { LevelReader } from "../../webrtc/level";
import { SilenceWatch } from "../../webrtc/silence";

const LOOK_MS = 250;

/** A reader of the track's level; null while there is no track. */
export function useLevel(track: MediaStreamTrack | null): LevelReader | null {
  const [reader, setReader] = useState<LevelReader | null>(null);
  useEffect(() => {
    if (!track) return;
    const opened = new LevelReader(track);
    setReader(opened);
    return () => {
      opened.close();
      setReader(null);
    };
  }, [track]);
  return reader;
}

/** Whether a microphone that is on has given nothing for seconds. */
export function useSilence(reader: LevelReader | null, on: boolean): boolean {
  const [silent, setSilent] = useState(false);
  useEffect(() => {
    if (!reader || !on) return;
    const watch = new SilenceWatch();
    const look = () => setSilent(watch.receive(reader.running ? reader.read() : null, performance.now()));
    const timer = setInterval(look, LOOK_MS);
    return () => {
      clearInterval(timer);
      setSilent(false);
    };
  }, [reader, on]);
  return silent;
}
