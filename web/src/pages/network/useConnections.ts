/** Asks for everybody's connections again and again while the page is looked at, and keeps the last minutes. */
import { useEffect, useState } from "react";
import { ApiError, sentence } from "../../api/problem";
import { grow, type History } from "../../network/history";
import { useApi } from "../../session/Session";

const EVERY_MS = 2_000;

export interface Connections {
  history: History;
  /** The server's clock at the last answer; null before the first. */
  at_ms: number | null;
  /** A sentence when the last reading failed; what was known stays. */
  error: string | null;
  status: number;
}

const NOTHING: Connections = { history: [], at_ms: null, error: null, status: 0 };

export function useConnections(slug: string): Connections {
  const { rooms } = useApi();
  const [known, setKnown] = useState(NOTHING);
  useEffect(() => {
    setKnown(NOTHING);
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const told = await rooms.connections(slug, signal);
        setKnown(({ history }) => ({
          history: grow(history, told),
          at_ms: Date.parse(told.at),
          error: null,
          status: 200,
        }));
      } catch (error) {
        if (signal.aborted) return;
        const status = error instanceof ApiError ? error.status : 0;
        setKnown((before) => ({ ...before, error: sentence(error), status }));
        if (status === 403 || status === 404) return;
      }
    };
    // The next question waits for the answer to the last: a slow network is what this page is for.
    const turn = async () => {
      if (document.visibilityState === "visible") await ask();
      if (!signal.aborted) timer = setTimeout(() => void turn(), EVERY_MS);
    };
    void turn();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [rooms, slug]);
  return known;
}
