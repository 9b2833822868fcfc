/** What is being sent, in figures. */
import { Card } from "../../design/Card";
import { bitrate } from "../../format";
import { type LinkStats, lastingLimit } from "../../webrtc/stats";
import { Figures } from "../Figures";

const LIMITS: Readonly<Record<string, string>> = {
  cpu: "This computer is at its limit: choose a smaller picture.",
  bandwidth: "The connection is at its limit: the picture gets smaller by itself.",
};

export function ConnectionPanel({ stats }: { stats: LinkStats | null }) {
  if (!stats) return null;
  const limit = LIMITS[lastingLimit(stats) ?? ""];
  return (
    <Card className="panel">
      <h2>Connection</h2>
      <Figures
        figures={[
          [
            "Picture",
            stats.width > 0 ? `${stats.width} × ${stats.height}, ${stats.frames_per_s} fps` : "none",
          ],
          ["Sending", bitrate(stats.video_bps + stats.audio_bps)],
          ["Codec", stats.codec || "…"],
          ["Round trip", stats.roundTrip_ms === null ? "…" : `${Math.round(stats.roundTrip_ms)} ms`],
          ["Lost", `${(stats.lostShare * 100).toFixed(1)} %`],
        ]}
      />
      {limit && <p className="field-hint">{limit}</p>}
    </Card>
  );
}
