/** The line of time: what is played, what is loaded, where chapters begin, where to go. */
import { type PointerEvent, useEffect, useRef, useState } from "react";
import type { Chapter } from "../../api/recordings";
import { clock } from "../../format";
import { chapterAt } from "./Chapters";
import { Preview } from "./Preview";
import { tileAt } from "./storyboard";
import type { PlaybackState } from "./usePlayback";
import type { Storyboard } from "./useStoryboard";

interface Props {
  state: PlaybackState;
  chapters: readonly Chapter[];
  storyboard: Storyboard;
  onSeek: (time_s: number) => void;
}

export function Scrubber({ state, chapters, storyboard, onSeek }: Props) {
  const { time_s, duration_s, buffered_s } = state;
  const line = useRef<HTMLDivElement>(null);
  const [pointed_s, setPointed] = useState<number | null>(null);
  useEffect(() => {
    const share = (seconds: number) => (duration_s > 0 ? Math.min(1, seconds / duration_s).toFixed(4) : "0");
    line.current?.style.setProperty("--played", share(time_s));
    line.current?.style.setProperty("--loaded", share(buffered_s));
    line.current?.style.setProperty("--pointed", share(pointed_s ?? 0));
  }, [time_s, duration_s, buffered_s, pointed_s]);
  const point = (event: PointerEvent) => {
    const place = line.current?.getBoundingClientRect();
    if (!place || event.pointerType === "touch") return;
    const share = Math.min(1, Math.max(0, (event.clientX - place.left) / place.width));
    setPointed(share * duration_s);
    storyboard.want();
  };
  const tile = pointed_s === null ? undefined : tileAt(storyboard.tiles, pointed_s);
  const title = pointed_s === null ? "" : chapterAt(chapters, pointed_s)?.title;
  const here = chapterAt(chapters, time_s);
  const words = `${clock(time_s)} of ${clock(duration_s)}${here ? `, ${here.title}` : ""}`;
  return (
    <div className="scrubber" ref={line} onPointerMove={point} onPointerLeave={() => setPointed(null)}>
      <span className="scrubber-line" aria-hidden="true" />
      {duration_s > 0 &&
        chapters
          .filter((one) => one.start_seconds > 0 && one.start_seconds < duration_s)
          .map((one) => <ChapterMark key={one.start_seconds} share={one.start_seconds / duration_s} />)}
      <input
        type="range"
        min={0}
        max={Math.max(0.1, duration_s)}
        step={0.1}
        value={Math.min(time_s, duration_s)}
        disabled={duration_s === 0}
        aria-label="Position"
        aria-valuetext={words}
        onChange={(event) => onSeek(Number(event.target.value))}
        data-testid="position"
      />
      {pointed_s !== null && duration_s > 0 && (
        <span className="scrubber-tip" aria-hidden="true">
          {tile && <Preview tile={tile} />}
          <span className="scrubber-words">
            <span className="numbers">{clock(pointed_s)}</span>
            {title && <span>{title}</span>}
          </span>
        </span>
      )}
    </div>
  );
}

/** Placed by script: the content security policy allows no style attributes in what React writes at first. */
function ChapterMark({ share }: { share: number }) {
  const mark = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    mark.current?.style.setProperty("--at", share.toFixed(5));
  }, [share]);
  return <span className="scrubber-mark" aria-hidden="true" ref={mark} />;
}
