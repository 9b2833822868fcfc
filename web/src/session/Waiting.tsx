/** How many people wait for an administrator, kept fresh for the badge in the navigation. */
import { createContext, type ReactNode, useCallback, useContext, useMemo } from "react";
import { useLoaded } from "../hooks/useLoaded";
import { isAdmin, useSession } from "./Session";

const FRESH_MS = 30_000;
/** More are not counted: the badge says "99+". */
const MOST = 99;

interface Waiting {
  /** "3", "99+"; null when nobody waits, and for who is no administrator. */
  badge: string | null;
  reload: () => Promise<void>;
}

const WaitingContext = createContext<Waiting>({ badge: null, reload: async () => undefined });

export const useWaiting = (): Waiting => useContext(WaitingContext);

export function badgeOf(count: number): string | null {
  if (count === 0) return null;
  return count > MOST ? `${MOST}+` : String(count);
}

export function WaitingProvider({ children }: { children: ReactNode }) {
  const { api, state } = useSession();
  const admin = isAdmin(state);
  const load = useCallback(
    async (signal: AbortSignal) => {
      if (!admin) return 0;
      return (await api.people.list({ pending: true, limit: MOST + 1 }, signal)).items.length;
    },
    [admin, api],
  );
  const { data, reload } = useLoaded(load, admin ? FRESH_MS : 0);
  const value = useMemo(() => ({ badge: admin ? badgeOf(data ?? 0) : null, reload }), [admin, data, reload]);
  return <WaitingContext value={value}>{children}</WaitingContext>;
}
