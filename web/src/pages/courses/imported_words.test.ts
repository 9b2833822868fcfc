import { expect, test } from "vitest";
import { importedWords } from "./imported_words";

test("what came is counted by kind, and what did not is not named", () => {
  expect(importedWords({ lessons: 2, quizzes: 1, files: 7, recordings: 0, captions: 3 })).toBe(
    "2 lessons, 1 quiz",
  );
  expect(importedWords({})).toBe("with nothing in it yet");
});
