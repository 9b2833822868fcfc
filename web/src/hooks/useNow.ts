import { useEffect, useState } from "react";

/** The present time in milliseconds, renewed every `every_ms` while `active`. */
export function useNow(every_ms: number, active = true): number {
  const [now_ms, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every_ms);
    return () => clearInterval(timer);
  }, [every_ms, active]);
  return now_ms;
}
