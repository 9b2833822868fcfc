import { expect, it, vi } from "vitest";
import type { FiledRecording } from "../../../api/course_recordings";
import type { ListedRecording, RecordingPage } from "../../../api/recordings";
import { findUnfiled } from "./unfiled";

const ids = (first: number, count: number) => Array.from({ length: count }, (_, at) => `r${first + at}`);
const pageOf = (recording_ids: string[], next_cursor: string | null) =>
  ({
    items: recording_ids.map((recording_id) => ({ recording_id })),
    next_cursor,
    total: 0,
  }) as RecordingPage;

const filing = (recording_ids: string[]) => ({
  list: vi.fn(async () => ({
    items: recording_ids.map((recording_id) => ({ recording_id }) as FiledRecording),
    next_cursor: null,
  })),
});

const named = (found: ListedRecording[]) => found.map(({ recording_id }) => recording_id);

it("offers nothing that is filed already, also where a whole page of it is", async () => {
  const list = vi.fn(async ({ cursor }: { cursor?: string | undefined } = {}) =>
    cursor === "next" ? pageOf(ids(100, 3), null) : pageOf(ids(0, 100), "next"),
  );
  const found = await findUnfiled({ list }, filing(ids(0, 100)), "physics", "lens");
  expect(named(found)).toEqual(["r100", "r101", "r102"]);
  expect(list).toHaveBeenLastCalledWith({ q: "lens", limit: 100, cursor: "next" }, undefined);
});

it("looks no further than for as many as are offered", async () => {
  const list = vi.fn(async () => pageOf(ids(0, 100), "next"));
  expect(await findUnfiled({ list }, filing(["r1"]), "physics", "")).toHaveLength(30);
  expect(list).toHaveBeenCalledTimes(1);
});
