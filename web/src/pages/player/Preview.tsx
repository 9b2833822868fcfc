/** What is to be seen at the time that somebody points at. */
import { useEffect, useRef } from "react";
import type { Tile } from "./storyboard";

/** Placed by script: the content security policy allows no style attributes. */
export function Preview({ tile }: { tile: Tile }) {
  const box = useRef<HTMLSpanElement>(null);
  const { sheet, x, y, width, height } = tile;
  useEffect(() => {
    const style = box.current?.style;
    style?.setProperty("width", `${width}px`);
    style?.setProperty("height", `${height}px`);
    style?.setProperty("background-image", `url("${sheet}")`);
    style?.setProperty("background-position", `-${x}px -${y}px`);
  }, [sheet, x, y, width, height]);
  return <span className="scrubber-preview" ref={box} data-testid="preview" />;
}
