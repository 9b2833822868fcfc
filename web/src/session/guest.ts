/** Guests' links, `/rooms/<slug>#guest=<token>`: the token leaves the address and stays in this tab. */

const key = (slug: string) => `vtp.guest.${slug}`;

function keep(slug: string, token: string): void {
  try {
    window.sessionStorage.setItem(key(slug), token);
    // Whoever looks at the screen or copies the address does not get the token with it.
    window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  } catch {
    // Storage is forbidden: the token stays in the address and works from there.
  }
}

/** The token by which this tab came to the room; null when it came otherwise. */
export function guestToken(slug: string): string | null {
  const [, token] = /^#guest=([^&]+)$/.exec(window.location.hash) ?? [];
  if (token) keep(slug, token);
  try {
    return token ?? window.sessionStorage.getItem(key(slug));
  } catch {
    return token ?? null;
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

function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
