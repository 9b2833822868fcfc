/** A small chart of some lines over the last minutes. What each line is stands above it, with its value. */
import { type PointerEvent, useRef } from "react";
import { type Frame, linePath, topOf, xOf, yOf } from "../../network/chart";
import { KEPT_MS, type Sample, sampleAt } from "../../network/history";
import { useWidth } from "./useWidth";

const HEIGHT = 96;

export interface Line {
  label: string;
  look: "to" | "from" | "limit";
  read: (sample: Sample) => number | null;
}

interface ChartProps {
  title: string;
  unit: string;
  lines: readonly Line[];
  /** The least that the scale shows. */
  floor: number;
  digits: number;
  samples: readonly Sample[];
  to_ms: number;
  /** The moment that is read; null: now. */
  cursor_ms: number | null;
  onCursor: (at_ms: number | null) => void;
}

export function LineChart(props: ChartProps) {
  const { title, unit, lines, floor, digits, samples, to_ms, cursor_ms, onCursor } = props;
  const area = useRef<HTMLDivElement>(null);
  const width = useWidth(area);
  const top = topOf(
    samples.flatMap((sample) => lines.map(({ read }) => read(sample))),
    floor,
  );
  const frame: Frame = { width, height: HEIGHT, from_ms: to_ms - KEPT_MS, to_ms, top };
  const point = (event: PointerEvent<HTMLDivElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    onCursor(Math.min(to_ms, frame.from_ms + ((event.clientX - left) / width) * KEPT_MS));
  };
  const seen = sampleAt(samples, cursor_ms ?? to_ms);
  return (
    <figure className="chart">
      <figcaption className="chart-head">
        <h4>
          {title} <span className="chart-unit">{unit}</span>
        </h4>
        <dl className="chart-legend">
          {lines.map(({ label, look, read }) => {
            const value = seen && read(seen);
            return (
              <div key={label}>
                <dt>
                  <svg width="18" height="8" aria-hidden="true">
                    <path className={`line line-${look}`} d="M1 4H17" />
                  </svg>
                  {label}
                </dt>
                <dd className="numbers">{value === null ? "–" : value.toFixed(digits)}</dd>
              </div>
            );
          })}
        </dl>
      </figcaption>
      <div className="chart-body">
        <div className="chart-scale numbers" aria-hidden="true">
          <span>{top}</span>
          <span>{top / 2}</span>
          <span>0</span>
        </div>
        <div ref={area} className="chart-area" onPointerMove={point} onPointerLeave={() => onCursor(null)}>
          {width > 0 && (
            <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} aria-hidden="true">
              <path
                className="chart-grid"
                d={`M0 .5H${width}M0 ${HEIGHT / 2}H${width}M0 ${HEIGHT - 0.5}H${width}`}
              />
              {lines.map(({ label, look, read }) => (
                <path
                  key={label}
                  className={`line line-${look}`}
                  d={linePath(
                    samples.map((one) => ({ at_ms: one.at_ms, value: read(one) })),
                    frame,
                  )}
                />
              ))}
              {cursor_ms !== null && (
                <>
                  <path className="chart-cursor" d={`M${xOf(frame, cursor_ms)} 0V${HEIGHT}`} />
                  {seen &&
                    lines.map(({ label, look, read }) => {
                      const value = read(seen);
                      if (value === null) return null;
                      return (
                        <circle
                          key={label}
                          className={`dot dot-${look}`}
                          cx={xOf(frame, seen.at_ms)}
                          cy={yOf(frame, value)}
                          r="3.5"
                        />
                      );
                    })}
                </>
              )}
            </svg>
          )}
        </div>
      </div>
      <div className="chart-times" aria-hidden="true">
        <span>5 min ago</span>
        <span>now</span>
      </div>
    </figure>
  );
}
