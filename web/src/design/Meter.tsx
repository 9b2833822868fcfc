/** A loudness bar. It redraws itself without going through React. */
import { useEffect, useRef } from "react";
import "./Meter.css";

const FLOOR_DB = -60;
/** Each time costs a picture of the whole page. */
const DRAW_MS = 50;
const FALL_PER_DRAW = 0.06;
/** Screen readers get a new value no more often than this. */
const SPEAK_MS = 1000;

/** Where a level in dBFS stands on the bar, 0 to 1. */
export function meterFraction(level_db: number): number {
  return Math.min(1, Math.max(0, 1 - level_db / FLOOR_DB));
}

/** `readLevel` gives the present level in dBFS (-Infinity for silence). */
export function Meter({ label, readLevel }: { label: string; readLevel: () => number }) {
  const bar = useRef<HTMLDivElement>(null);
  const fill = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let shown = 0;
    let spoken_ms = 0;
    const draw = () => {
      const now_ms = performance.now();
      const level = meterFraction(readLevel());
      shown = Math.max(level, shown - FALL_PER_DRAW);
      const scale = `scaleX(${shown.toFixed(2)})`;
      if (fill.current && fill.current.style.transform !== scale) fill.current.style.transform = scale;
      if (bar.current && now_ms - spoken_ms > SPEAK_MS) {
        bar.current.setAttribute("aria-valuenow", String(Math.round(shown * 100)));
        spoken_ms = now_ms;
      }
    };
    const timer = setInterval(draw, DRAW_MS);
    return () => clearInterval(timer);
  }, [readLevel]);
  return (
    <div
      ref={bar}
      className="meter"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
      data-testid="level-meter"
    >
      <div ref={fill} className="meter-fill" />
    </div>
  );
}
