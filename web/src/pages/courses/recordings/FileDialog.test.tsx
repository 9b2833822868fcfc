import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Course } from "../../../api/courses";
import { CourseContext } from "../useCourse";
import { FileDialog } from "./FileDialog";

const named = (...ids: string[]) => ({
  items: ids.map((id) => ({ recording_id: id, title: id, started_at: "2026-11-30T10:00:00Z" })),
  next_cursor: null,
});
const api = {
  recordings: { list: vi.fn(async ({ q }: { q: string }) => (q ? named("filed") : named("filed", "other"))) },
  courseRecordings: { list: vi.fn(async () => named("filed")) },
  outline: { lessons: async () => ({ items: [], next_cursor: null }) },
};
vi.mock("../../../session/Session", () => ({ useApi: () => api }));

let page: HTMLElement;
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.useFakeTimers();
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true; // jsdom has none of its own
  };
  page = document.body.appendChild(document.createElement("div"));
  root = createRoot(page);
});

afterEach(async () => {
  await act(async () => root.unmount());
  page.remove();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("reads what is filed once, however often one looks for others", async () => {
  const value = {
    course: { id: "c" } as Course,
    may: () => true,
    staff: true,
    reload: async () => undefined,
  };
  await act(async () =>
    root.render(
      <CourseContext value={value}>
        <FileDialog open onClose={() => undefined} onDone={async () => undefined} />
      </CourseContext>,
    ),
  );
  const offered = () =>
    [...page.querySelectorAll<HTMLOptionElement>("[data-testid=file-which] option")].map((one) => one.value);
  expect(offered()).toEqual(["other"]);
  const field = page.querySelector<HTMLInputElement>("[data-testid=file-search]");
  for (const words of ["a", "ab"]) {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, words);
    await act(async () => field?.dispatchEvent(new Event("input", { bubbles: true })));
    await act(async () => vi.advanceTimersByTime(5_000));
  }
  expect(offered()).toEqual([]);
  expect(page.textContent).toContain("No recording that you see matches, or it is filed here already.");
  expect(api.recordings.list).toHaveBeenCalledTimes(3);
  expect(api.courseRecordings.list).toHaveBeenCalledTimes(1);
});
