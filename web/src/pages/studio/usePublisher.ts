/** Going live from the studio: the WHIP client's life and figures, as React state. */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useApi } from "../../session/Session";
import type { CodecChoice } from "../../webrtc/codecs";
import { QUALITIES } from "../../webrtc/devices";
import type { LinkState } from "../../webrtc/link";
import type { LocalMedia, LocalMediaState } from "../../webrtc/local_media";
import { WhipClient } from "../../webrtc/whip";
import { useLinkStats } from "../useLinkStats";

const IDLE: LinkState = { phase: "idle" };
const TAKEN_OVER = "Another window or person is presenting in this room now, so this one stopped.";

export interface Publisher {
  state: LinkState;
  /** When this broadcast began, in milliseconds; null while off the air. */
  since_ms: number | null;
  stats: ReturnType<typeof useLinkStats>;
  goLive: (codec: CodecChoice) => void;
  end: () => void;
  retryNow: () => void;
}

export function usePublisher(slug: string, media: LocalMedia, mediaState: LocalMediaState): Publisher {
  const { http, rooms } = useApi();
  const [client, setClient] = useState<WhipClient | null>(null);
  const [since_ms, setSince] = useState<number | null>(null);
  const latest = useRef<WhipClient | null>(null);
  const state = useSyncExternalStore(
    useCallback((changed) => client?.subscribe(changed) ?? (() => undefined), [client]),
    () => client?.getState() ?? IDLE,
  );

  const goLive = useCallback(
    (codec: CodecChoice) => {
      latest.current?.close();
      const { audio, video, quality } = media.getState();
      const next = new WhipClient({
        endpoint: `/whip/${encodeURIComponent(slug)}`,
        send: (path, init) => http.send(path, init),
        codec,
        maxVideoBitrate_bps: QUALITIES[quality].maxBitrate_bps,
        whyNotAgain: async () => ((await rooms.get(slug)).live ? TAKEN_OVER : null),
      });
      void next.setTracks({ audio, video });
      next.start();
      latest.current = next;
      setClient(next);
    },
    [http, rooms, slug, media],
  );

  const end = useCallback(() => {
    latest.current?.close();
    latest.current = null;
    setClient(null);
  }, []);

  useEffect(() => end, [end]);
  useEffect(() => {
    void client?.setTracks({ audio: mediaState.audio, video: mediaState.video });
  }, [client, mediaState.audio, mediaState.video]);
  useEffect(() => {
    void client?.setMaxVideoBitrate(QUALITIES[mediaState.quality].maxBitrate_bps);
  }, [client, mediaState.quality]);

  const onAir = state.phase === "connected" || state.phase === "recovering";
  useEffect(() => setSince((since) => (onAir ? (since ?? Date.now()) : null)), [onAir]);

  const stats = useLinkStats(client, state, false);
  return { state, since_ms, stats, goLive, end, retryNow: () => client?.retryNow() };
}
