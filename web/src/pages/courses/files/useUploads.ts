/** Files on their way to the server, one after the other: how far each is, why it was refused, and giving it up. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Sending } from "../../../api/files";
import { ApiError, sentence } from "../../../api/problem";
import { useToast } from "../../../design/Toast";

export interface Upload {
  id: number;
  file: File;
  sent: number;
  state: "waiting" | "sending" | "refused";
  /** Why it was refused. */
  error: string;
}

export interface Uploads {
  uploads: readonly Upload[];
  /** Whether any is under way or waits for its turn. */
  busy: boolean;
  add: (files: readonly File[]) => void;
  /** Gives one up, or takes a refused one out of sight. */
  drop: (id: number) => void;
  again: (id: number) => void;
}

type Send = (file: File, sending: Sending) => Promise<unknown>;

export function useUploads(send: Send, onSent: () => Promise<void>): Uploads {
  const toast = useToast();
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const stops = useRef(new Map<number, AbortController>());
  const line = useRef<Promise<void>>(Promise.resolve());
  const count = useRef(0);
  const busy = uploads.some(({ state }) => state !== "refused");
  useLeaving(busy, stops.current);

  const put = useCallback((id: number, change: Partial<Upload>) => {
    setUploads((all) => all.map((one) => (one.id === id ? { ...one, ...change } : one)));
  }, []);
  const forget = (id: number) => setUploads((all) => all.filter((one) => one.id !== id));

  const run = async (id: number, file: File, signal: AbortSignal) => {
    if (signal.aborted) return;
    put(id, { state: "sending" });
    try {
      await send(file, { signal, onSent: (sent) => put(id, { sent }) });
      forget(id);
      toast(`“${file.name}” is uploaded.`);
      await onSent();
    } catch (problem) {
      if (!signal.aborted) put(id, { state: "refused", error: refusal(problem) });
    } finally {
      stops.current.delete(id);
    }
  };
  const queue = (id: number, file: File) => {
    const stop = new AbortController();
    stops.current.set(id, stop);
    line.current = line.current.then(() => run(id, file, stop.signal));
  };
  const add = (files: readonly File[]) => {
    const added = files.map((file): Upload => {
      count.current += 1;
      return { id: count.current, file, sent: 0, state: "waiting", error: "" };
    });
    setUploads((all) => [...all, ...added]);
    for (const { id, file } of added) queue(id, file);
  };
  const drop = (id: number) => {
    stops.current.get(id)?.abort();
    forget(id);
  };
  const again = (id: number) => {
    const one = uploads.find((upload) => upload.id === id);
    if (!one) return;
    put(id, { state: "waiting", sent: 0, error: "" });
    queue(id, one.file);
  };
  return { uploads, busy, add, drop, again };
}

/** The whole of a refusal: what is taken instead stands with the field. */
export function refusal(problem: unknown): string {
  const words = problem instanceof ApiError ? Object.values(problem.fields) : [];
  return [sentence(problem), ...words].join(" ");
}

/** Asks before a window with files on their way is closed; who leaves the page here gives them up. */
function useLeaving(busy: boolean, stops: ReadonlyMap<number, AbortController>): void {
  useEffect(() => {
    if (!busy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [busy]);
  useEffect(
    () => () => {
      for (const stop of stops.values()) stop.abort();
    },
    [stops],
  );
}
