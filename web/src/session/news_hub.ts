/** What a person is told the moment that it happens: whoever shows something hears of it here. */
import type { ConnectionEvents } from "../class/protocol";

export type News = ConnectionEvents["news"];
/** Null: something may have been missed while there was no connection. */
type Hearer = (news: News | null) => void;

export class NewsHub {
  readonly #hearers = new Set<Hearer>();

  /** Hears everything until the returned function is called. */
  on(hearer: Hearer): () => void {
    this.#hearers.add(hearer);
    return () => this.#hearers.delete(hearer);
  }

  tell(news: News | null): void {
    for (const hearer of [...this.#hearers]) hearer(news);
  }
}

/** So far the pages of a class are spread that were told the same at once. */
const SPREAD_MS = 1_000;

/** Calls `again` once, a little later, for everything that is told within that time. */
export function againAtNews(hub: NewsHub, again: () => void, spread_ms = SPREAD_MS): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = hub.on(() => {
    timer ??= setTimeout(() => {
      timer = undefined;
      again();
    }, Math.random() * spread_ms);
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}
