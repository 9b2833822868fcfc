/** The secret of a link from a mail: in the address's fragment, which no server and no log ever sees. */
import { useEffect, useState } from "react";

export function tokenIn(fragment: string): string | null {
  return new URLSearchParams(fragment.replace(/^#/, "")).get("token");
}

/** Reads `#token=…` and takes it out of the address bar and the history; null when there is none. */
export function useLinkToken(): string | null {
  const [token, setToken] = useState(() => tokenIn(window.location.hash));
  useEffect(() => {
    const take = () => {
      const found = tokenIn(window.location.hash);
      if (found === null) return;
      setToken(found);
      window.history.replaceState(null, "", window.location.pathname);
    };
    take();
    // Another link of the same kind, opened where this page is open already.
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, []);
  return token;
}
