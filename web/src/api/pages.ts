/** Lists that the server gives in pages, each naming the next by a cursor. */

/** The most that one request may ask for. */
export const MAX_PAGE = 200;

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Read<T> {
  items: T[];
  /** There is more on the server. */
  more: boolean;
  /** How many were asked for. */
  asked: number;
}

/**
 * Reads the first `count` items with as few requests as the server allows. By cursor and not by number, so
 * that items added meanwhile push nothing out of sight and show nothing twice. `at_once`: fewer where each is
 * much work for the server.
 */
export async function readFirst<T>(
  count: number,
  read: (page: { limit: number; cursor: string | undefined }) => Promise<Page<T>>,
  at_once = MAX_PAGE,
): Promise<Read<T>> {
  const items: T[] = [];
  let cursor: string | undefined;
  while (items.length < count) {
    const page = await read({ limit: Math.min(at_once, count - items.length), cursor });
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
    if (cursor === undefined) break;
  }
  return { items, more: cursor !== undefined, asked: count };
}
