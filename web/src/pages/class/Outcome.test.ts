import { describe, expect, it } from "vitest";
import { words } from "./Outcome";

const room = { name: "Algebra" };

describe("what is said after the end", () => {
  it("does not say the title again when staff gave no reason", () => {
    expect(words({ name: "denied", reason: "You were not let in." }, room)).toBe("You can ask again.");
    expect(words({ name: "removed", reason: "You were removed from the room.", banned: true }, room)).toBe(
      "You cannot come back until staff lift the ban.",
    );
    expect(words({ name: "ended", reason: "The class was ended." }, room)).toContain("Algebra stays");
  });

  it("gives the reason of staff as a sentence, and what one can do", () => {
    expect(words({ name: "denied", reason: "We are full today" }, room)).toBe(
      "We are full today. You can ask again.",
    );
    expect(words({ name: "removed", reason: "Too loud!", banned: false }, room)).toBe(
      "Too loud! You can come back, if you are let in.",
    );
  });

  it("promises nothing of a room that is gone", () => {
    expect(words({ name: "ended", reason: "The room was deleted." }, room)).toBe("The room was deleted.");
  });
});
