/** Looking for something that is said to be there, and is not found yet. No page. */

/** So long it is waited before the next look; the last one again and again. */
const WAITS_MS = [1_000, 2_000, 5_000, 10_000] as const;
/** About three minutes: what has not been found by then is not for us to see. */
const MOST_LOOKS = 20;

/** Looks at once and then ever more rarely, until something is found or it is not worth it. Returns what ends it. */
export function lookAgain<T>(find: () => Promise<T | undefined>, found: (it: T) => void): () => void {
  let ended = false;
  let timer: ReturnType<typeof setTimeout>;
  const look = async (looks: number) => {
    const it = await find().catch(() => undefined);
    if (ended) return;
    if (it !== undefined) found(it);
    else if (looks < MOST_LOOKS) {
      const wait_ms = WAITS_MS[Math.min(looks, WAITS_MS.length) - 1];
      timer = setTimeout(() => void look(looks + 1), wait_ms);
    }
  };
  void look(1);
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
