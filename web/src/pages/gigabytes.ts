/** Sizes as a field has them: in gigabytes, empty for any number. */
const GIGABYTE = 1e9;

export const gigabytesOf = (bytes: number | null): string => (bytes === null ? "" : String(bytes / GIGABYTE));

export const bytesOf = (typed: string): number | null =>
  typed.trim() === "" ? null : Math.round(Number(typed) * GIGABYTE);
