/**
 * The line over which the server tells a person what is new: one for the page that is looked at, and none where a
 * class has its own. Without it pages ask now and then, as they do anyway.
 */
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";
import { useLocation } from "wouter";
import type { HttpClient } from "../api/http";
import type { Signalling } from "../class/signalling";
import { useHidden } from "../hooks/useHidden";
import { NewsHub } from "./news_hub";
import { useAccount, useSession } from "./Session";

/** A tab that is left for a moment keeps its line. */
const HIDDEN_MS = 20_000;
const NewsContext = createContext(new NewsHub());

export const useNewsHub = (): NewsHub => useContext(NewsContext);

const hasOwnLine = (path: string): boolean => /^\/rooms\/[^/]+\/class$/.test(path);

export function NewsProvider({ children }: { children: ReactNode }) {
  const [hub] = useState(() => new NewsHub());
  const { http } = useSession().api;
  const who = useAccount();
  const [path] = useLocation();
  const hidden = useHidden(HIDDEN_MS);
  const listens = who !== null && !hidden && !hasOwnLine(path);
  useEffect(() => (listens && who !== null ? listen(http, hub) : undefined), [listens, who, http, hub]);
  return <NewsContext value={hub}>{children}</NewsContext>;
}

/** Hears until the returned function is called. The library comes when the page is there already. */
function listen(http: HttpClient, hub: NewsHub): () => void {
  let line: Signalling | null = null;
  let over = false;
  const open = async () => {
    const { Signalling } = await import("../class/signalling");
    if (over) return;
    line = new Signalling({
      token: () => http.accessToken(),
      moments: {
        ready: () => hub.tell(null),
        lost: () => undefined,
        back: () => undefined,
        admitted: () => undefined,
        denied: () => undefined,
        ended: () => undefined,
        news: (news) => hub.tell(news),
      },
    });
    line.connect();
  };
  void open().catch(() => undefined);
  return () => {
    over = true;
    line?.close();
  };
}
