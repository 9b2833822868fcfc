import { describe, expect, it } from "vitest";
import { erasureWords } from "./erasure";

describe("what is said before an account is erased", () => {
  it("names what cannot be had back, and what stays", () => {
    for (const [own, who] of [
      [true, "you"],
      [false, "they"],
    ] as const) {
      const { goes, stays } = erasureWords(own);
      for (const what of ["name", "chats", "handed in", "quizzes", "places in courses", "signed out"]) {
        expect(goes).toContain(what);
      }
      expect(stays).toContain(`What ${who} made for others`);
      expect(stays).toContain("Recordings of classes stay");
    }
  });
});
