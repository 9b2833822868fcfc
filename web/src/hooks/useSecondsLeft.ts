import { useNow } from "./useNow";

/** Whole seconds until `until_ms`, counted down; 0 once it has come. */
export function useSecondsLeft(until_ms: number): number {
  const now_ms = useNow(500, until_ms > Date.now());
  return secondsLeft(until_ms, now_ms);
}

export const secondsLeft = (until_ms: number, now_ms: number): number =>
  Math.max(0, Math.ceil((until_ms - now_ms) / 1000));
