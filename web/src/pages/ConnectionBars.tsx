/** How good a connection is: four bars, fewer of them full the worse it is, and a cross where there is none. */
import "./ConnectionBars.css";

export type BarsQuality = "good" | "fair" | "poor" | "lost";

const HEIGHTS = [4, 7, 10, 13];
const LIT: Readonly<Record<BarsQuality, number>> = { good: 4, fair: 2, poor: 1, lost: 0 };

/** Hidden from assistive technology: the words beside it say the same. */
export function ConnectionBars({ quality }: { quality: BarsQuality }) {
  return (
    <svg className="connection-bars" width="17" height="14" viewBox="0 0 17 14" aria-hidden="true">
      {HEIGHTS.map((height, index) => (
        <rect
          key={height}
          className={index < LIT[quality] ? "connection-lit" : "connection-dim"}
          x={0.5 + index * 4.2}
          y={13.5 - height}
          width="2.8"
          height={height}
          rx="0.8"
        />
      ))}
      {quality === "lost" && <path className="connection-cross" d="M2 2l12 10M14 2L2 12" />}
    </svg>
  );
}
