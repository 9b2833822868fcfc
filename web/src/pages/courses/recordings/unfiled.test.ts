import { expect, it, vi } from "vitest";
import type { FiledRecording } from "../../../api/course_recordings";
import type { ListedRecording, RecordingPage } from "../../../api/recordings";
import { findUnfiled, readFiled, whyNone } from "./unfiled";

const ids = (first: number, count: number) => Array.from({ length: count }, (_, at) => `r${first + at}`);
const pageOf = (recording_ids: string[], next_cursor: string | null) =>
  ({
    items: recording_ids.map((recording_id) => ({ recording_id })),
    next_cursor,
    total: 0,
  }) as RecordingPage;

const named = (found: ListedRecording[]) => found.map(({ recording_id }) => recording_id);

it("reads all that is filed", async () => {
  const list = vi.fn(async (_: string, { cursor }: { cursor?: string | undefined } = {}) => ({
    items: ids(cursor ? 2 : 0, 2).map((recording_id) => ({ recording_id }) as FiledRecording),
    next_cursor: cursor ? null : "next",
  }));
  expect(await readFiled({ list }, "physics")).toEqual(new Set(ids(0, 4)));
});

it("offers nothing that is filed already, also where a whole page of it is", async () => {
  const list = vi.fn(async ({ cursor }: { cursor?: string | undefined } = {}) =>
    cursor === "next" ? pageOf(ids(100, 3), null) : pageOf(ids(0, 100), "next"),
  );
  const found = await findUnfiled({ list }, new Set(ids(0, 100)), "lens");
  expect(found.more).toBe(false);
  expect(named(found.items)).toEqual(["r100", "r101", "r102"]);
  expect(list).toHaveBeenLastCalledWith({ q: "lens", limit: 100, cursor: "next" }, undefined);
});

it("looks no further than for as many as are offered", async () => {
  const list = vi.fn(async () => pageOf(ids(0, 100), "next"));
  const { items } = await findUnfiled({ list }, new Set(["r1"]), "");
  expect(items).toHaveLength(30);
  expect(list).toHaveBeenCalledTimes(1);
});

it("says that all are filed only where it has looked at all", async () => {
  const filed = new Set(ids(0, 100));
  const endless = vi.fn(async () => pageOf(ids(0, 100), "next"));
  const some = await findUnfiled({ list: endless }, filed, "");
  expect(some).toEqual({ items: [], more: true });
  expect(endless).toHaveBeenCalledTimes(20);
  expect(whyNone("", some)).not.toContain("All recordings");
  expect(whyNone("lens", some)).toContain("more words");
  const all = await findUnfiled({ list: async () => pageOf(ids(0, 100), null) }, filed, "");
  expect(whyNone("", all)).toContain("All recordings");
});
