/** What the pages remember in this browser. A browser that forbids storage remembers nothing. */

export function remembered(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** The keys that begin so. */
export function rememberedKeys(prefix: string): string[] {
  try {
    return Object.keys(window.localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

/**
 * Tells `hear` what another tab keeps under `key`, also of the time in which this page stood still in the browser's
 * memory; until the returned function is called.
 */
export function hearRemembered(key: string, hear: (value: string) => void): () => void {
  const heard = (value: string | null) => value !== null && hear(value);
  const stored = (event: StorageEvent) => event.key === key && heard(event.newValue);
  const shown = () => heard(remembered(key));
  window.addEventListener("storage", stored);
  window.addEventListener("pageshow", shown);
  return () => {
    window.removeEventListener("storage", stored);
    window.removeEventListener("pageshow", shown);
  };
}

/** Keeps `value` under `key`; null forgets it. */
export function remember(key: string, value: string | null): void {
  try {
    if (value === null) window.localStorage.removeItem(key);
    else window.localStorage.setItem(key, value);
  } catch {
    // Storage is forbidden or full: the pages work without it.
  }
}
