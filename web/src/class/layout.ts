/** How tiles fill an area: the largest that fit, and how many stand on one page. */

export interface Area {
  width: number;
  height: number;
}

export interface Grid {
  columns: number;
  rows: number;
  tileWidth: number;
  tileHeight: number;
}

export const GAP = 8;
const WIDEST = 16 / 9;
/** Tiles may be narrower than a picture, which then loses its sides; on a phone held upright more so. */
const NARROWEST = { wide: 4 / 3, upright: 1.1 } as const;
const SMALLEST_WIDTH = 150;
const MOST_TILES = 25;

function tileIn({ width, height }: Area, columns: number, rows: number): Area {
  const cellWidth = Math.max(0, (width - GAP * (columns - 1)) / columns);
  const cellHeight = Math.max(0, (height - GAP * (rows - 1)) / rows);
  const narrowest = width > height ? NARROWEST.wide : NARROWEST.upright;
  const ratio = Math.min(WIDEST, Math.max(narrowest, cellWidth / cellHeight));
  const tileWidth = Math.min(cellWidth, cellHeight * ratio);
  return { width: tileWidth, height: Math.min(cellHeight, tileWidth / ratio) };
}

/** The grid in which `count` tiles are largest. */
export function fitGrid(count: number, area: Area): Grid {
  let best: Grid = { columns: 1, rows: 1, tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(Math.max(1, count) / columns);
    const tile = tileIn(area, columns, rows);
    if (tile.width * tile.height > best.tileWidth * best.tileHeight)
      best = { columns, rows, tileWidth: Math.floor(tile.width), tileHeight: Math.floor(tile.height) };
  }
  return best;
}

/** How many tiles one page of this area holds without becoming too small. */
export function pageSize({ width, height }: Area): number {
  const columns = Math.max(1, Math.floor((width + GAP) / (SMALLEST_WIDTH + GAP)));
  const rows = Math.max(1, Math.floor((height + GAP) / (SMALLEST_WIDTH / WIDEST + GAP)));
  return Math.max(1, Math.min(MOST_TILES, columns * rows));
}

/** How many tiles of a strip beside the large one can be seen: `length` along it, `tile` each. */
export const stripSize = (length: number, tile: number): number =>
  Math.max(1, Math.floor((length + GAP) / (tile + GAP)));

/** What the buttons to turn pages take, below the tiles. */
export const PAGER = 40;

/** An area and how many tiles a page of it holds, with room for turning pages where there are several. */
export function paged(count: number, area: Area): { size: number; area: Area } {
  const size = pageSize(area);
  if (count <= size) return { size, area };
  const rest = { width: area.width, height: Math.max(0, area.height - PAGER) };
  return { size: pageSize(rest), area: rest };
}

/**
 * The items of one page. On the first page who speaks takes the last place when they would not be seen.
 * A page that is not there any more gives the last one.
 */
export function pageOf<T extends { key: string }>(
  items: readonly T[],
  page: number,
  size: number,
  speaking: string | null = null,
): { shown: readonly T[]; page: number; pages: number } {
  const pages = Math.max(1, Math.ceil(items.length / size));
  const at = Math.min(Math.max(0, page), pages - 1);
  const shown = items.slice(at * size, (at + 1) * size);
  const speaker = speaking !== null && at === 0 && items.slice(size).find(({ key }) => key === speaking);
  return { shown: speaker ? [...shown.slice(0, size - 1), speaker] : shown, page: at, pages };
}
