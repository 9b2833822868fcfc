/** Pictures behind a stretch that has sound alone, as a lost piece of a recording's picture leaves it. */

/** Players step over shorter ones by themselves, seconds: rounded times leave such. */
const MIN_GAP_S = 0.1;
/** A seek ends up this near to where it was to, seconds. */
const NEAR_S = 0.05;
/** Where pictures are made to go on at this moment. */
const going = new WeakMap<EventTarget, number>();

type Played = Pick<
  HTMLMediaElement,
  "buffered" | "currentTime" | "addEventListener" | "removeEventListener"
> &
  EventTarget;

/** Whether the seek that a video is at is one to where it was: nobody has sought, and nothing is left out. */
export function isGoingOn(video: Played): boolean {
  const at_s = going.get(video);
  return at_s !== undefined && Math.abs(at_s - video.currentTime) < NEAR_S;
}

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
      const before_s = index > 0 ? buffered.end(index - 1) : played_s;
      const isBehindGap =
        played_s !== null && begin_s > played_s && begin_s - (before_s ?? begin_s) >= MIN_GAP_S;
      played_s = currentTime;
      if (isBehindGap) {
        going.set(video, currentTime);
        video.currentTime = currentTime;
      }
      return;
    }
  };
  const forget = () => {
    played_s = null;
  };
  const arrive = () => going.delete(video);
  const listeners = { timeupdate: look, seeking: forget, seeked: arrive };
  for (const [name, listener] of Object.entries(listeners)) video.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) video.removeEventListener(name, listener);
    arrive();
  };
}
