/** How much one has not read, kept fresh for the bell, and said to who cannot see it. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useLoaded } from "../hooks/useLoaded";
import { useAccount, useApi } from "./Session";
import { spokenOf } from "./unread_words";

const FRESH_MS = 25_000;

interface Unread {
  /** Null for who has no account, and while it is not known. */
  count: number | null;
  reload: () => Promise<void>;
}

const UnreadContext = createContext<Unread>({ count: null, reload: async () => undefined });

export const useUnread = (): Unread => useContext(UnreadContext);

export function UnreadProvider({ children }: { children: ReactNode }) {
  const { notifications } = useApi();
  const who = useAccount();
  const load = useCallback(
    async (signal: AbortSignal) => (who === null ? null : { who, ...(await notifications.unread(signal)) }),
    [who, notifications],
  );
  const { data, reload } = useLoaded(load, who === null ? 0 : FRESH_MS);
  const count = data && data.who === who ? data.unread : null;
  useEffect(() => {
    if (who === null) return;
    const again = () => void reload();
    window.addEventListener("focus", again);
    return () => window.removeEventListener("focus", again);
  }, [who, reload]);
  const value = useMemo(() => ({ count, reload }), [count, reload]);
  return (
    <UnreadContext value={value}>
      {children}
      <Said count={count} />
    </UnreadContext>
  );
}

/** Outside of the pages, so that it stays where it is when one goes from one to another. */
function Said({ count }: { count: number | null }) {
  const [{ before, said }, setSaid] = useState({ before: count, said: "" });
  if (before !== count) setSaid({ before: count, said: spokenOf(before, count) });
  return (
    <div className="visually-hidden" role="status" aria-live="polite" data-testid="unread-said">
      {said}
    </div>
  );
}
