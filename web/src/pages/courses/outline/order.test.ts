import { describe, expect, it } from "vitest";
import type { Lesson, Order, Section } from "../../../api/outline";
import { arrange, movedLesson, movedSection, orderOf } from "./order";

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
