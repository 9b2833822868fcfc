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

/**
 * Reads with `load` at once, whenever `load` changes, and, while the page is visible, every `every_ms` and when its
 * reader is told something.
 * Wrap `load` in useCallback.
 */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, every_ms = 0): Loaded<T> {
  const [data, setData] = useState<T | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const running = useRef<AbortController | null>(null);
  const hub = useNewsHub();

  const reload = useCallback(async () => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    try {
      const read = await load(controller.signal);
      if (controller.signal.aborted) return;
      setData(read);
      setFailure(null);
    } catch (error) {
      if (!controller.signal.aborted) setFailure(error);
    }
  }, [load]);

  useEffect(() => {
    void reload();
    const again = () => {
      if (document.visibilityState === "visible") void reload();
    };
    const timer = every_ms > 0 ? setInterval(again, every_ms) : undefined;
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
