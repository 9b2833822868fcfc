/** The colours of a chart, read from the design's tokens as they are in the theme in force. */
import { useEffect, useState } from "react";

export interface Palette {
  surface: string;
  ink: string;
  soft: string;
  faint: string;
  line: string;
  strong: string;
  series: readonly string[];
  font: string;
}

/** No more series than these are told apart in one chart. */
export const MAX_SERIES = 3;
/** What tells lines apart without colour. */
export const DASHES: readonly (readonly number[])[] = [[], [6, 4], [1.5, 4]];

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    surface: token("surface"),
    ink: token("ink"),
    soft: token("ink-soft"),
    faint: token("ink-faint"),
    line: token("line"),
    strong: token("line-strong"),
    series: [token("series-1"), token("series-2"), token("series-limit")],
    font: token("font"),
  };
}

/** The palette, anew when the theme changes. */
export function usePalette(): Palette {
  const [palette, setPalette] = useState(readPalette);
  useEffect(() => {
    const read = () => setPalette(readPalette());
    const observer = new MutationObserver(read);
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    read();
    return () => observer.disconnect();
  }, []);
  return palette;
}

/** Stripes for the second kind of bars; the third has wider ones. Null where the canvas makes none. */
export function fillOf(
  context: CanvasRenderingContext2D,
  palette: Palette,
  index: number,
  ratio: number,
): string | CanvasPattern {
  const colour = palette.series[index] ?? palette.ink;
  if (index === 0) return colour;
  const size = Math.round((index === 1 ? 6 : 10) * ratio);
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const brush = tile.getContext("2d");
  if (!brush) return colour;
  brush.fillStyle = palette.surface;
  brush.fillRect(0, 0, size, size);
  brush.strokeStyle = colour;
  brush.lineWidth = size / 2.6;
  for (const shift of [-size, 0, size]) {
    brush.beginPath();
    brush.moveTo(shift - 1, size + 1);
    brush.lineTo(shift + size + 1, -1);
    brush.stroke();
  }
  return context.createPattern(tile, "repeat") ?? colour;
}
