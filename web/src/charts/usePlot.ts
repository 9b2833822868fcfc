/** Draws a chart where it stands, as wide as there is room, in the theme's colours. */
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { type ChartData, shapeOf } from "./figures";
import type { Palette } from "./palette";
import type { Drawing } from "./plot";

interface Wanted {
  data: ChartData;
  palette: Palette;
  height: number;
  onPoint: (index: number | null) => void;
  onPick: ((index: number) => void) | undefined;
}

/** The drawing; null until it is there. `failed`: the code for it could not be fetched. */
export function usePlot(
  host: RefObject<HTMLElement | null>,
  { data, palette, height, onPoint, onPick }: Wanted,
): { drawing: Drawing | null; failed: boolean } {
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const [failed, setFailed] = useState(false);
  const latest = useRef({ data, onPoint, onPick });
  useLayoutEffect(() => {
    latest.current = { data, onPoint, onPick };
  });
  const shape = shapeOf(data);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn has the shape; other values come into it
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    let over = false;
    let made: Drawing | null = null;
    const observer = new ResizeObserver(() => element.clientWidth > 0 && made?.resize(element.clientWidth));
    import("./plot").then(
      ({ draw }) => {
        if (over) return;
        made = draw(
          element,
          latest.current.data,
          palette,
          { width: element.clientWidth, height },
          {
            onPoint: (index) => latest.current.onPoint(index),
            onPick: (index) => latest.current.onPick?.(index),
          },
        );
        observer.observe(element);
        setFailed(false);
        setDrawing(made);
      },
      () => setFailed(true),
    );
    return () => {
      over = true;
      observer.disconnect();
      made?.destroy();
      setDrawing(null);
    };
  }, [host, shape, palette, height]);
  useEffect(() => drawing?.update(data), [drawing, data]);
  return { drawing, failed };
}
