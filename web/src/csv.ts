/** Tables as CSV (RFC 4180) that a spreadsheet opens without running anything in them, as the server's are. */

/** Where a cell begins for programs that separate by semicolons or tabs; quotes do not keep them from it. */
const CELL_FOR_SOME = /([;\t\r\n])(?="*[=+\-@])/g;

/** A cell; what would be taken for a formula gets an apostrophe in front (OWASP, CSV injection). */
export function csvCell(text: string): string {
  const inside = text.replace(CELL_FOR_SOME, "$1'");
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${inside}` : inside;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A table; numbers stay as they are. */
export const csvTable = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, ...rows]
    .map((row) => `${row.map((one) => (typeof one === "number" ? String(one) : csvCell(one))).join(",")}\r\n`)
    .join("");
