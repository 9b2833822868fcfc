import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Assignment, Grade, GradeChange } from "../../../api/assignments";
import type { Course } from "../../../api/courses";
import { ApiError } from "../../../api/problem";
import { ToastProvider } from "../../../design/Toast";
import { CourseContext } from "../useCourse";
import { Grading } from "./Grading";

let there: { value: Grade; etag: string };
const sent = vi.fn<(change: GradeChange, etag: string | null) => void>();
const api = {
  assignments: {
    attempts: async () => ({ items: [], next_cursor: null }),
    grade: async () => there,
    feedbackFiles: () => "files",
    setGrade: async (
      _course: string,
      _id: string,
      _who: string,
      change: GradeChange,
      etag: string | null,
    ) => {
      sent(change, etag);
      if (etag !== null && etag !== there.etag) throw new ApiError("Changed.", 412, "precondition_failed");
      return there;
    },
  },
  files: {},
};
vi.mock("../../../session/Session", () => ({ useApi: () => api }));

let page: HTMLElement;
let root: Root;

const at = <T extends HTMLElement>(id: string) => page.querySelector<T>(`[data-testid="${id}"]`) as T;
const click = (id: string) => act(async () => at(id).click());

/** A version of the grade with one file. */
function leave(etag: string, file: string): void {
  const files = [{ id: file, name: file, size_bytes: 1 }];
  const nothing = { points: 5, scores: [], feedback: "", released: false, version: 1 };
  there = { value: { ...nothing, submission_id: null, newest_submission_id: null, files } as never, etag };
}

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  sent.mockClear();
  leave("one", "a.pdf");
  page = document.body.appendChild(document.createElement("div"));
  root = createRoot(page);
  const value = {
    course: { id: "c", status: "active" } as Course,
    may: () => true,
    staff: true,
    reload: async () => undefined,
  };
  const assignment = { id: "a", course_id: "c", rubric: [], points: 10, for_groups: true };
  await act(async () =>
    root.render(
      <ToastProvider>
        <CourseContext value={value}>
          <Grading
            assignment={assignment as unknown as Assignment}
            student="s"
            onDone={async () => undefined}
          />
        </CourseContext>
      </ToastProvider>,
    ),
  );
});

afterEach(async () => {
  await act(async () => root.unmount());
  page.remove();
  vi.unstubAllGlobals();
});

it("gives a group no files of somebody else's version before it shows them", async () => {
  await click("for-group");
  leave("two", "b.pdf");
  await click("save-draft");
  expect(sent).toHaveBeenLastCalledWith(expect.objectContaining({ files_for_group: true }), "one");
  expect([at("download-a.pdf"), at("download-b.pdf").textContent]).toEqual([null, "b.pdf"]);
  expect(at("others-files").textContent).toContain("The files have changed");
  leave("three", "c.pdf");
  await click("keep-mine");
  expect(sent).toHaveBeenLastCalledWith(expect.objectContaining({ files_for_group: true }), "two");
  expect(at("overtaken")).not.toBeNull();
  expect(at("download-c.pdf").textContent).toBe("c.pdf");
  await click("keep-mine");
  const whole = { points: 5, feedback: "", for_group: true, files_for_group: true, released: false };
  expect(sent).toHaveBeenLastCalledWith(whole, "three");
  expect(at("overtaken")).toBeNull();
});
