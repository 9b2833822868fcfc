import { useEffect, useState } from "react";
import type { LinkState, MediaLink } from "../webrtc/link";
import { type LinkStats, StatsReader } from "../webrtc/stats";

const EVERY_MS = 1_000;

/** Figures of a connection, each second while it is connected; null otherwise. */
export function useLinkStats(link: MediaLink | null, state: LinkState, incoming: boolean): LinkStats | null {
  const [stats, setStats] = useState<LinkStats | null>(null);
  const connected = state.phase === "connected";
  useEffect(() => {
    const peer = link?.peer;
    if (!connected || !peer) return;
    const reader = new StatsReader(incoming);
    let ended = false;
    const read = async () => {
      const report = await peer.getStats().catch(() => null);
      if (report && !ended) setStats(reader.read(report));
    };
    void read();
    const timer = setInterval(() => void read(), EVERY_MS);
    return () => {
      ended = true;
      clearInterval(timer);
      setStats(null);
    };
  }, [link, connected, incoming]);
  return stats;
}
