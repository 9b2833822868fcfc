/** How good a connection is: four bars and a word. */
import { type LinkStats, type Quality, ratingOf } from "../webrtc/stats";
import "./QualityBars.css";

const WORDS: Readonly<Record<Quality, string>> = { good: "Good", fair: "Fair", poor: "Poor" };
const LIT: Readonly<Record<Quality, number>> = { good: 4, fair: 2, poor: 1 };
const HEIGHTS = [5, 8, 11, 14];

export function QualityBars({ stats }: { stats: LinkStats }) {
  const quality = ratingOf(stats);
  return (
    <span
      className={`bars bars-${quality ?? "unknown"}`}
      data-testid="quality"
      data-quality={quality ?? "unknown"}
    >
      <svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">
        {HEIGHTS.map((height, index) => (
          <rect
            key={height}
            className={quality && index < LIT[quality] ? "bar-lit" : "bar-dim"}
            x={index * 5}
            y={14 - height}
            width="3"
            height={height}
            rx="1"
          />
        ))}
      </svg>
      <span className="visually-hidden">Connection: </span>
      <span className="bars-word">{quality ? WORDS[quality] : "Measuring"}</span>
    </span>
  );
}
