/** Pictures behind a stretch that has sound alone, as a lost piece of a recording's picture leaves it. */

type Played = Pick<HTMLMediaElement, "buffered" | "currentTime" | "addEventListener" | "removeEventListener">;

/**
 * Has pictures go on where they begin again; gives the function that ends it.
 *
 * Sound goes on through the gap, and Chromium waits in it for pictures that never come: it shows none of those behind it,
 * until somebody seeks or, seconds later, everything stands still. A seek to where it is has them go on.
 */
export function goOnBehindGaps(video: Played): () => void {
  let played_s: number | null = null; // when there was something last, since the last seek
  const look = () => {
    const { buffered, currentTime } = video;
    for (let index = 0; index < buffered.length; index += 1) {
      const begin_s = buffered.start(index);
      if (begin_s > currentTime || currentTime >= buffered.end(index)) continue;
      const isBehindGap = played_s !== null && begin_s > played_s;
      played_s = currentTime;
      if (isBehindGap) video.currentTime = currentTime;
      return;
    }
  };
  const forget = () => {
    played_s = null;
  };
  video.addEventListener("timeupdate", look);
  video.addEventListener("seeking", forget);
  return () => {
    video.removeEventListener("timeupdate", look);
    video.removeEventListener("seeking", forget);
  };
}
