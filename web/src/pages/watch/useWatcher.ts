/** The WHEP client's life as React state, and whether anything is coming in. */
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useApi } from "../../session/Session";
import type { LinkState } from "../../webrtc/link";
import type { LinkStats } from "../../webrtc/stats";
import { WhepClient } from "../../webrtc/whep";
import { useLinkStats } from "../useLinkStats";

/** Nothing received for this long: nobody presents any more. */
const SILENT_MS = 3_000;
const IDLE: LinkState = { phase: "idle" };

export interface Watcher {
  state: LinkState;
  stream: MediaStream | null;
  stats: LinkStats | null;
  /** Sound or picture is coming in. */
  playing: boolean;
  /** A picture is coming in. */
  picture: boolean;
  retryNow: () => void;
}

/** `asStream`: the class is followed as a stream, and not asked for. */
export function useWatcher(slug: string, asStream = false): Watcher {
  const { http } = useApi();
  const [client, setClient] = useState<WhepClient | null>(null);
  const state = useSyncExternalStore(
    useCallback((changed) => client?.subscribe(changed) ?? (() => undefined), [client]),
    () => client?.getState() ?? IDLE,
  );

  useEffect(() => {
    if (asStream) return;
    const opened = new WhepClient({
      endpoint: `/whep/${encodeURIComponent(slug)}`,
      send: (path, init) => http.send(path, init),
    });
    opened.start();
    setClient(opened);
    // A page that comes back from the browser's cache has lost its connection.
    const onShow = (event: PageTransitionEvent) => event.persisted && opened.start();
    window.addEventListener("pageshow", onShow);
    return () => {
      window.removeEventListener("pageshow", onShow);
      opened.close();
      setClient(null);
    };
  }, [http, slug, asStream]);

  const stats = useLinkStats(client, state, true);
  const picture = useRecent(stats, (now) => now.video_bps > 0);
  const sound = useRecent(stats, (now) => now.audio_bps > 0);
  return {
    state,
    stream: client?.stream ?? null,
    stats,
    playing: picture || sound,
    picture,
    retryNow: () => client?.retryNow(),
  };
}

/** Whether `holds` was true of the figures within the last SILENT_MS. */
function useRecent(stats: LinkStats | null, holds: (stats: LinkStats) => boolean): boolean {
  const [recent, setRecent] = useState(false);
  const now = stats !== null && holds(stats);
  useEffect(() => {
    if (now) return setRecent(true);
    if (!stats) return setRecent(false);
  }, [now, stats]);
  useEffect(() => {
    if (now) return;
    const timer = setTimeout(() => setRecent(false), SILENT_MS);
    return () => clearTimeout(timer);
  }, [now]);
  return recent;
}
