import { describe, expect, it } from "vitest";
import type { Lesson, Order, Section } from "../../../api/outline";
import { arrange, countOf, matching, movedLesson, movedSection, orderOf } from "./order";

const order: Order = {
  lessons: ["a", "b"],
  sections: [
    { id: "one", lessons: ["c"] },
    { id: "two", lessons: [] },
  ],
};

describe("the order of a course", () => {
  it("moves a lesson by one place among those of its section", () => {
    expect(movedLesson(order, "b", -1)?.lessons).toEqual(["b", "a"]);
    expect(movedLesson(order, "a", 1)?.lessons).toEqual(["b", "a"]);
    expect(order.lessons).toEqual(["a", "b"]);
  });

  it("moves a lesson over the border into the next section, and back to the end of the one before", () => {
    const into = movedLesson(order, "b", 1);
    expect(into?.lessons).toEqual(["a"]);
    expect(into?.sections[0]?.lessons).toEqual(["b", "c"]);
    expect(movedLesson(into as Order, "b", -1)).toEqual(order);
    expect(movedLesson(order, "c", 1)?.sections[1]?.lessons).toEqual(["c"]);
  });

  it("says when there is no further to go", () => {
    expect(movedLesson(order, "a", -1)).toBeNull();
    expect(movedLesson(order, "nobody", 1)).toBeNull();
    expect(movedSection(order, "one", -1)).toBeNull();
    expect(movedSection(order, "two", 1)).toBeNull();
  });

  it("moves a section with its lessons", () => {
    expect(movedSection(order, "one", 1)?.sections).toEqual([
      { id: "two", lessons: [] },
      { id: "one", lessons: ["c"] },
    ]);
  });

  it("keeps every lesson, also one whose section is not there any more", () => {
    const section = { id: "one" } as Section;
    const lessons = [
      { id: "a", section_id: null },
      { id: "c", section_id: "one" },
      { id: "d", section_id: "deleted" },
    ] as Lesson[];
    expect(orderOf(arrange([section], lessons))).toEqual({
      lessons: ["a", "d"],
      sections: [{ id: "one", lessons: ["c"] }],
    });
  });
});

describe("what is looked for in a course", () => {
  const lesson = (id: string, section_id: string | null, title: string, description = "") =>
    ({ id, section_id, title, description }) as Lesson;
  const section = (id: string, title: string) => ({ id, title }) as Section;
  const all = arrange(
    [section("one", "Lenses"), section("two", "Waves"), section("none", "Revision")],
    [
      lesson("a", null, "Größe und Maß", "Bring a ruler"),
      lesson("b", "one", "Mirrors"),
      lesson("c", "one", "Prisms", "after the exam"),
      lesson("d", "two", "Interference"),
    ],
  );
  const found = (words: string) => {
    const { loose, sections } = matching(all, words);
    return [...loose, ...sections.flatMap(({ lessons }) => lessons)].map(({ id }) => id);
  };

  it("is found in titles and texts, whatever the case and the marks of letters", () => {
    expect(found("große")).toEqual(["a"]);
    expect(found(" exam  prism ")).toEqual(["c"]);
    expect(found("nowhere")).toEqual([]);
  });

  it("is all of a section whose title it is in, and other sections are left out", () => {
    expect(found("lens")).toEqual(["b", "c"]);
    expect(matching(all, "lens").sections).toHaveLength(1);
    expect(found("lens mirr")).toEqual(["b"]);
  });

  it("is a section of this title also where nothing is in it yet", () => {
    expect(matching(all, "revis").sections.map(({ section }) => section.id)).toEqual(["none"]);
    expect(matching(all, "exam").sections.map(({ section }) => section.id)).toEqual(["one"]);
  });

  it("is everything where there are no words", () => {
    expect(matching(all, "  ")).toBe(all);
    expect(countOf(all)).toBe(4);
  });
});
