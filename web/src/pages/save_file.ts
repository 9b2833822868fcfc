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

/** What spreadsheets know UTF-8 by; the server's tables begin so, too. */
const UTF8_MARK = "\ufeff";

export const textFile = (text: string, type: string): Blob =>
  new Blob([type === "text/csv" ? UTF8_MARK + text : text], { type: `${type};charset=utf-8` });

export const saveText = (text: string, name: string, type = "text/plain"): void =>
  saveFile({ blob: textFile(text, type), name }, name);
