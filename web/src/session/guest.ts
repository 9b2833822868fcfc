/**
 * Guests' links, `/rooms/<slug>#guest=<token>`, and links to recordings, `/recordings/<id>#share=<token>`: the token
 * leaves the address and stays in this tab.
 */

function keep(key: string, token: string): void {
  try {
    window.sessionStorage.setItem(key, token);
    // Whoever looks at the screen or copies the address does not get the token with it.
    window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  } catch {
    // Storage is forbidden: the token stays in the address and works from there.
  }
}

/** The token by which this tab came to the room; null when it came otherwise. */
export const guestToken = (slug: string): string | null => tokenOf("guest", slug);

/** The token by which this tab came to the recording; null when it came otherwise. */
export const shareToken = (id: string): string | null => tokenOf("share", id);

function tokenOf(kind: "guest" | "share", of: string): string | null {
  const [, name, token] = /^#(guest|share)=([^&]+)$/.exec(window.location.hash) ?? [];
  const key = `vtp.${kind}.${of}`;
  const found = name === kind ? token : undefined;
  if (found) keep(key, found);
  try {
    return found ?? window.sessionStorage.getItem(key);
  } catch {
    return found ?? null;
  }
}

/** The name that a link gives its guest; empty when guests say their own. */
export function nameIn(token: string): string {
  try {
    const [, payload = ""] = token.split(".");
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (c) =>
      c.charCodeAt(0),
    );
    const { name } = JSON.parse(new TextDecoder().decode(bytes)) as { name?: unknown };
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

const BROWSER_KEY = "vtp.guest-key";
let unstored: string | undefined;

/** By what a guest who loads the page again is known to be the same, until the tab is closed: for polls. */
export function guestKey(): string {
  try {
    const known = window.sessionStorage.getItem(BROWSER_KEY) ?? randomKey();
    window.sessionStorage.setItem(BROWSER_KEY, known);
    return known;
  } catch {
    // Storage is forbidden: the same for as long as the page is there.
    unstored ??= randomKey();
    return unstored;
  }
}

/** 128 random bits, also where crypto.randomUUID is not: on plain HTTP. */
export function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
