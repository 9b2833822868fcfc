/** Data read from the server, kept fresh while the page is looked at. */
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, sentence } from "../api/problem";
import { useNewsHub } from "../session/News";
import { againAtNews } from "../session/news_hub";

export interface Loaded<T> {
  data: T | null;
  /** A sentence when the last read failed; older data stays. */
  error: string | null;
  /** The server's word for that failure; empty where it has none. */
  code: string;
  missing: boolean;
  reload: () => Promise<void>;
  setData: (data: T) => void;
}

/** So long a read may take before the next one is begun in its place. */
const PATIENCE_MS = 30_000;

/**
 * Reads with `load` at once, whenever `load` changes, and, while the page is visible, every `every_ms` and when its
 * reader is told something; not while it is reading: a slow server's answers are waited for, and then it reads again
 * if something was told meanwhile.
 * Wrap `load` in useCallback.
 */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, every_ms = 0): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  const since_ms = useRef(0);
  /** Something was told since the running read began. */
  const told = useRef(false);
  const hub = useNewsHub();

  const reload = useCallback(async () => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    do {
      told.current = false;
      since_ms.current = Date.now();
      try {
        const read = await load(controller.signal);
        if (controller.signal.aborted) return;
        setData(read);
        setFailure(null);
      } catch (error) {
        if (controller.signal.aborted) return;
        setFailure(error);
      }
    } while (told.current);
    running.current = null;
  }, [load]);

  useEffect(() => {
    void reload();
    const tick = () => {
      const isReading = running.current !== null && Date.now() - since_ms.current < PATIENCE_MS;
      if (document.visibilityState === "visible" && !isReading) void reload();
    };
    const again = () => {
      told.current = true;
      tick();
    };
    const timer = every_ms > 0 ? setInterval(tick, every_ms) : undefined;
    if (every_ms > 0) document.addEventListener("visibilitychange", again);
    const stop = every_ms > 0 ? againAtNews(hub, again) : undefined;
    return () => {
      stop?.();
      running.current?.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [reload, every_ms, hub]);

  return {
    data,
    error: failure === null ? null : sentence(failure),
    code: failure instanceof ApiError ? failure.code : "",
    missing: failure instanceof ApiError && (failure.status === 404 || failure.status === 410),
    reload,
    setData,
  };
}
