import { expect, it } from "vitest";
import { textFile } from "./save_file";

const MARK = [0xef, 0xbb, 0xbf];
const start = async (blob: Blob) => [...new Uint8Array(await blob.arrayBuffer())].slice(0, 3);

it("begins tables with the mark that spreadsheets know UTF-8 by, and other texts without", async () => {
  expect(await start(textFile("Zoë", "text/csv"))).toEqual(MARK);
  expect(await start(textFile("Zoë", "text/plain"))).not.toEqual(MARK);
});
