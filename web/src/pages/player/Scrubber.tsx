/** The line of time: what is played, what is loaded, where to go. */
import { useEffect, useRef } from "react";
import { clock } from "../../format";
import type { PlaybackState } from "./usePlayback";

export function Scrubber({ state, onSeek }: { state: PlaybackState; onSeek: (time_s: number) => void }) {
  const { time_s, duration_s, buffered_s } = state;
  const line = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const share = (seconds: number) => (duration_s > 0 ? Math.min(1, seconds / duration_s).toFixed(4) : "0");
    line.current?.style.setProperty("--played", share(time_s));
    line.current?.style.setProperty("--loaded", share(buffered_s));
  }, [time_s, duration_s, buffered_s]);
  return (
    <div className="scrubber" ref={line}>
      <span className="scrubber-line" aria-hidden="true" />
      <input
        type="range"
        min={0}
        max={Math.max(0.1, duration_s)}
        step={0.1}
        value={Math.min(time_s, duration_s)}
        disabled={duration_s === 0}
        aria-label="Position"
        aria-valuetext={`${clock(time_s)} of ${clock(duration_s)}`}
        onChange={(event) => onSeek(Number(event.target.value))}
        data-testid="position"
      />
    </div>
  );
}
