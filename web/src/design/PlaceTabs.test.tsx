import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { edgesOf, middleOf, type PlaceTab, PlaceTabs } from "./PlaceTabs";

const tab = (label: string, current?: "page"): PlaceTab => ({
  href: `/${label.toLowerCase()}`,
  label,
  icon: "list",
  current,
  testId: label,
});

/** A phone: each tab takes 100 px, and the row has 300. */
function phone(): void {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe = () => undefined;
      disconnect = () => undefined;
    },
  );
  const is = (name: string, get: (this: HTMLElement) => number) =>
    vi.spyOn(HTMLElement.prototype, name as "clientWidth", "get").mockImplementation(get);
  const isRow = (one: HTMLElement) => one.className === "place-tabs-row";
  is("clientWidth", function () {
    return isRow(this) ? 300 : 100;
  });
  is("scrollWidth", function () {
    return isRow(this) ? this.children.length * 100 : 100;
  });
  is("offsetWidth", () => 100);
  is("offsetLeft", function () {
    return [...(this.parentElement?.children ?? [])].indexOf(this) * 100;
  });
}

async function shown(tabs: PlaceTab[]): Promise<HTMLElement> {
  const root = document.createElement("div");
  await act(async () => createRoot(root).render(<PlaceTabs label="In this course" tabs={tabs} />));
  return root;
}

describe("tabs that do not fit", () => {
  beforeEach(() => {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    phone();
  });
  afterEach(() => vi.unstubAllGlobals());

  const names = ["Lessons", "Materials", "Quizzes", "Grades", "People", "Settings"];

  it("show the page one is on, in the middle where it can be", async () => {
    const root = await shown(names.map((name) => tab(name, name === "Grades" ? "page" : undefined)));
    expect(root.querySelector("nav")?.scrollLeft).toBe(200);
  });

  it("say on which side there is more, with what no keyboard stops at", async () => {
    const root = await shown(names.map((name) => tab(name, name === "Grades" ? "page" : undefined)));
    const movers = [...root.querySelectorAll("button")];
    expect(movers.map((one) => [one.tabIndex, one.ariaHidden ?? one.getAttribute("aria-hidden")])).toEqual([
      [-1, "true"],
      [-1, "true"],
    ]);
  });

  it("are links in one named list of them, the one in force marked", async () => {
    const root = await shown([tab("Lessons", "page"), tab("People")]);
    expect(root.querySelector("nav")?.getAttribute("aria-label")).toBe("In this course");
    expect([...root.querySelectorAll("a")].map((one) => one.getAttribute("aria-current"))).toEqual([
      "page",
      null,
    ]);
    expect(root.querySelectorAll("button")).toHaveLength(0);
  });
});

describe("the edges of a row", () => {
  it("have more where something is out of sight, and a lost pixel is not something", () => {
    const row = { clientWidth: 300, scrollWidth: 500 };
    expect(edgesOf({ ...row, scrollLeft: 0 })).toEqual({ before: false, after: true });
    expect(edgesOf({ ...row, scrollLeft: 100 })).toEqual({ before: true, after: true });
    expect(edgesOf({ ...row, scrollLeft: 199 })).toEqual({ before: true, after: false });
    expect(edgesOf({ clientWidth: 300, scrollWidth: 301, scrollLeft: 0 })).toEqual({
      before: false,
      after: false,
    });
  });

  it("end where the first item is in the middle already", () => {
    expect(middleOf({ clientWidth: 300 }, { offsetLeft: 20, offsetWidth: 60 })).toBe(0);
  });
});
