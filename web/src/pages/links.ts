/** Links that people share. */

export const watchLink = (slug: string): string =>
  `${window.location.origin}/rooms/${encodeURIComponent(slug)}/watch`;

/** Where a room's live stream is followed, also while there are few enough to be sent the class itself. */
export const streamLink = (slug: string): string => `${watchLink(slug)}?stream`;

export const classLink = (slug: string): string =>
  `${window.location.origin}/rooms/${encodeURIComponent(slug)}/class`;

export const registerLink = (): string => `${window.location.origin}/register`;

/** Puts text on the clipboard; false when the browser does not allow it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
