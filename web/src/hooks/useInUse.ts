import { useEffect } from "react";
import { useApi } from "../session/Session";

const EVERY_MS = 30_000;

/** Says that these pages are in use as long as `active`, though nobody touches them: a class that one is in. */
export function useInUse(active: boolean): void {
  const { http } = useApi();
  useEffect(() => {
    if (!active) return;
    const note = () => http.used?.note();
    note();
    const timer = setInterval(note, EVERY_MS);
    return () => clearInterval(timer);
  }, [http, active]);
}
