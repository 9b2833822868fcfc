import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Course } from "../../../api/courses";
import type { Lesson, Section } from "../../../api/outline";
import { CourseContext } from "../useCourse";
import { Outline } from "./Outline";

let sections: Section[];
let lessons: Lesson[];
const all = <T,>(items: T[]) => ({ items, next_cursor: null });
const api = {
  outline: {
    sections: async () => all(sections),
    lessons: async () => all(lessons),
    addSection: async (_: string, wish: { title: string }) => {
      sections = [...sections, { id: "new", description: "", ...wish } as Section];
    },
  },
  courseRecordings: { list: async () => all([]) },
};
vi.mock("../../../session/Session", () => ({ useApi: () => api }));

let page: HTMLElement;
let root: Root;

const at = <T extends HTMLElement>(id: string) => page.querySelector<T>(`[data-testid="${id}"]`);
const click = (id: string) => act(async () => at(id)?.click());

async function fill(id: string, words: string): Promise<void> {
  const field = at<HTMLInputElement>(id);
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, words);
  await act(async () => field?.dispatchEvent(new Event("input", { bubbles: true })));
}

beforeEach(async () => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true; // jsdom has none of its own
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
  sections = [
    { id: "s", title: "Lenses", description: "" },
    { id: "t", title: "Revision", description: "" },
  ] as Section[];
  lessons = Array.from({ length: 11 }, (_, number) => ({
    id: `l${number}`,
    section_id: "s",
    kind: "material",
    title: `Lesson ${number}`,
    description: "",
    published: true,
  })) as Lesson[];
  page = document.body.appendChild(document.createElement("div"));
  root = createRoot(page);
  const value = {
    course: { id: "c", description: "", status: "active" } as Course,
    may: () => true,
    staff: true,
    reload: async () => undefined,
  };
  await act(async () =>
    root.render(
      <CourseContext value={value}>
        <Outline />
      </CourseContext>,
    ),
  );
});

afterEach(async () => {
  await act(async () => root.unmount());
  page.remove();
  vi.unstubAllGlobals();
});

it("offers places further up and down only where all of the order is shown", async () => {
  const offered = async () => {
    await click("lesson-menu-Lesson 7");
    const moves = [at("lesson-up"), at("lesson-down")];
    await click("lesson-menu-Lesson 7");
    await click("section-menu-Lenses");
    moves.push(at("section-up"), at("section-down"));
    expect(at("edit-section")).not.toBeNull();
    await click("section-menu-Lenses");
    return moves.filter(Boolean).length;
  };
  expect(await offered()).toBe(4);
  await fill("lesson-search", "7");
  expect(at("lesson-Lesson 6")).toBeNull();
  expect(await offered()).toBe(0);
  await fill("lesson-search", " ");
  expect(await offered()).toBe(4);
});

it("shows what was made, whatever was looked for", async () => {
  await fill("lesson-search", "lesson 7");
  await click("new-section");
  await fill("section-title", "Mirrors");
  await click("save-section");
  expect(at("section-Mirrors")).not.toBeNull();
  expect(at<HTMLInputElement>("lesson-search")?.value).toBe("");
});

it("finds a section in which nothing is yet, and says where nothing is found", async () => {
  await fill("lesson-search", "revis");
  expect(at("section-Revision")).not.toBeNull();
  expect(at("section-Lenses")).toBeNull();
  expect(page.textContent).not.toContain("No lesson matches");
  await fill("lesson-search", "trumpets");
  expect(page.textContent).toContain("No lesson matches");
});
