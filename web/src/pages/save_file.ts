/** Files that a page hands to the person. */

export interface Download {
  blob: Blob;
  name: string | null;
}

/** Saves a file under the name that the server gave it, or another. */
export function saveFile({ blob, name }: Download, otherwise: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name ?? otherwise;
  link.click();
  // The browser reads it after this task.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Has the browser fetch an address that answers with an attachment; the page stays. */
export function fetchFrom(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}

export const saveText = (text: string, name: string, type = "text/plain"): void =>
  saveFile({ blob: new Blob([text], { type: `${type};charset=utf-8` }), name }, name);
