/** Small pictures for the line of time: where on which sheet each lies (docs/recording.md, "storyboard"). */

export interface Tile {
  start_s: number;
  /** The sheet's address. */
  sheet: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const CUE = /(?:(\d+):)?(\d\d):(\d\d\.\d{3}) --> \S+\n(\S+?)#xywh=(\d+),(\d+),(\d+),(\d+)/g;

/** Reads the WebVTT of a storyboard, as our server writes it; `base` is its own address. */
export function readTiles(vtt: string, base: string): Tile[] {
  return [...vtt.matchAll(CUE)].map(([, hours, minutes, seconds, sheet, ...box]) => {
    const [x = 0, y = 0, width = 0, height = 0] = box.map(Number);
    return {
      start_s: Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds),
      sheet: new URL(sheet ?? "", base).href,
      x,
      y,
      width,
      height,
    };
  });
}

/** The last tile that begins at or before a time; the first one before that. */
export function tileAt(tiles: readonly Tile[], time_s: number): Tile | undefined {
  let low = 0;
  let high = tiles.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tiles[middle]?.start_s ?? 0) <= time_s) low = middle + 1;
    else high = middle;
  }
  return tiles[Math.max(0, low - 1)];
}
