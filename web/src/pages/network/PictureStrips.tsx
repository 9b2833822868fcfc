/** Which size of each picture somebody got over the last minutes: a strip per picture, higher for larger ones. */
import { useId, useState } from "react";
import type { PictureWatched } from "../../api/rooms";
import { runsOf } from "../../network/chart";
import { KEPT_MS, type Sample, sampleAt } from "../../network/history";

/** So many at first: a class of thirty would be a wall. */
const FIRST = 4;
const HEIGHT = 18;

interface StripsProps {
  watches: readonly PictureWatched[];
  samples: readonly Sample[];
  to_ms: number;
  cursor_ms: number | null;
}

export function PictureStrips({ watches, samples, to_ms, cursor_ms }: StripsProps) {
  const [all, showAll] = useState(false);
  const id = useId();
  const shown = all ? watches : watches.slice(0, FIRST);
  return (
    <section className="strips" aria-labelledby={id}>
      <h4 id={id}>
        Pictures they get <span className="chart-unit">size, of what is sent</span>
      </h4>
      {watches.length === 0 && <p className="soft strips-none">None.</p>}
      <ul>
        {shown.map((one) => (
          <Strip key={one.consumer_id} picture={one} {...{ samples, to_ms, cursor_ms }} />
        ))}
      </ul>
      {watches.length > FIRST && (
        <button type="button" className="button button-quiet button-small" onClick={() => showAll(!all)}>
          {all ? "Show fewer" : `Show all ${watches.length}`}
        </button>
      )}
    </section>
  );
}

function Strip({
  picture,
  samples,
  to_ms,
  cursor_ms,
}: Omit<StripsProps, "watches"> & { picture: PictureWatched }) {
  const moments = samples.flatMap((one) => {
    const found = one.pictures[picture.consumer_id];
    return found ? [{ at_ms: one.at_ms, ...found }] : [];
  });
  const seen = sampleAt(samples, cursor_ms ?? to_ms)?.pictures[picture.consumer_id];
  const from_ms = to_ms - KEPT_MS;
  const x = (at_ms: number) => ((Math.max(at_ms, from_ms) - from_ms) / KEPT_MS) * 1000;
  return (
    <li className="strip">
      <span className="strip-name">
        <bdi>{picture.full_name}</bdi>
        {picture.source === "screen" && <span>, screen</span>}
      </span>
      <span className="strip-size numbers">{wordsOf(seen, picture)}</span>
      <svg viewBox={`0 0 1000 ${HEIGHT}`} height={HEIGHT} preserveAspectRatio="none" aria-hidden="true">
        <path className="chart-grid" d={`M0 ${HEIGHT - 0.5}H1000`} />
        {runsOf(moments, to_ms).map((run) => {
          const height = run.withheld ? 3 : Math.max(3, run.share * HEIGHT);
          return (
            <rect
              key={run.from_ms}
              className={run.withheld ? "strip-withheld" : "strip-shown"}
              x={x(run.from_ms)}
              width={Math.max(0, x(run.to_ms) - x(run.from_ms))}
              y={HEIGHT - height}
              height={height}
            />
          );
        })}
        {cursor_ms !== null && <path className="chart-cursor" d={`M${x(cursor_ms)} 0V${HEIGHT}`} />}
      </svg>
    </li>
  );
}

function wordsOf(seen: Sample["pictures"][string] | undefined, { layers }: PictureWatched): string {
  if (!seen) return "–";
  if (seen.withheld) return "no room";
  if (seen.share === 0) return "paused";
  const layer = layers > 1 ? `${Math.round(seen.share * layers)} of ${layers}` : "";
  return [seen.height && `${seen.height}p`, layer].filter(Boolean).join(" · ") || "shown";
}
