/** What is in a course, counted in words. */
import { plural } from "../../format";

const KINDS: readonly (readonly [string, string, string])[] = [
  ["sections", "section", "sections"],
  ["lessons", "lesson", "lessons"],
  ["series", "series", "series"],
  ["materials", "material", "materials"],
  ["assignments", "assignment", "assignments"],
  ["questions", "question", "questions"],
  ["quizzes", "quiz", "quizzes"],
  ["announcements", "announcement", "announcements"],
  ["recordings", "recording", "recordings"],
];

export function importedWords(carried: Readonly<Record<string, number>>): string {
  const counted = KINDS.flatMap(([kind, one, many]) => {
    const count = carried[kind] ?? 0;
    return count > 0 ? [plural(count, one, many)] : [];
  });
  return counted.join(", ") || "with nothing in it yet";
}
