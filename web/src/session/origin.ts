/** Where links to these pages begin. */

let publicOrigin = "";

/** What the server says about where people find it; empty when nothing is set there. */
export function knowPublicOrigin(url: string | undefined): void {
  publicOrigin = url ?? "";
}

/** Where links to pages here begin: as the server's own do, or else as this page was opened. */
export const linkOrigin = (): string => publicOrigin || window.location.origin;
