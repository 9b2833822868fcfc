/** The order of a course: sections with their lessons, and moves of one within it. */
import type { Lesson, Order, Section } from "../../../api/outline";

/** A course as it is read: lessons in no section come first. */
export interface Arranged {
  loose: Lesson[];
  sections: { section: Section; lessons: Lesson[] }[];
}

export function arrange(sections: readonly Section[], lessons: readonly Lesson[]): Arranged {
  const known = new Set(sections.map(({ id }) => id));
  return {
    // The section of a lesson may have been deleted between two reads.
    loose: lessons.filter(({ section_id }) => section_id === null || !known.has(section_id)),
    sections: sections.map((section) => ({
      section,
      lessons: lessons.filter(({ section_id }) => section_id === section.id),
    })),
  };
}

/** What of it has all of these words in the titles or texts of lessons; of a section that has them, every lesson,
 * and the section also where it has none. */
export function matching(all: Arranged, words: string): Arranged {
  const wanted = folded(words).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return all;
  const has = (...texts: string[]) => {
    const text = folded(texts.join("\n"));
    return wanted.every((word) => text.includes(word));
  };
  const found = (lessons: Lesson[], about = "") =>
    lessons.filter(({ title, description }) => has(about, title, description));
  return {
    loose: found(all.loose),
    sections: all.sections
      .map(({ section, lessons }) => ({ section, lessons: found(lessons, section.title) }))
      .filter(({ section, lessons }) => lessons.length > 0 || has(section.title)),
  };
}

/** Upper and lower case, and letters with marks, are as good as their plain ones. */
const folded = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** How many lessons there are. */
export const countOf = ({ loose, sections }: Arranged): number =>
  sections.reduce((count, { lessons }) => count + lessons.length, loose.length);

export function orderOf({ loose, sections }: Arranged): Order {
  return {
    lessons: loose.map(({ id }) => id),
    sections: sections.map(({ section, lessons }) => ({
      id: section.id,
      lessons: lessons.map(({ id }) => id),
    })),
  };
}

const copied = ({ lessons, sections }: Order): Order => ({
  lessons: [...lessons],
  sections: sections.map((one) => ({ id: one.id, lessons: [...one.lessons] })),
});

/** One place up (-1) or down (1), over the border of a section too; null where it stands at the end already. */
export function movedLesson(order: Order, lesson_id: string, step: -1 | 1): Order | null {
  const next = copied(order);
  const lists = [next.lessons, ...next.sections.map(({ lessons }) => lessons)];
  const at = lists.findIndex((list) => list.includes(lesson_id));
  const list = lists[at];
  if (!list) return null;
  const place = list.indexOf(lesson_id);
  const swapped = list[place + step];
  if (swapped !== undefined) {
    list[place + step] = lesson_id;
    list[place] = swapped;
    return next;
  }
  const other = lists[at + step];
  if (!other) return null;
  list.splice(place, 1);
  if (step < 0) other.push(lesson_id);
  else other.unshift(lesson_id);
  return next;
}

/** A section with all that is in it, one place up or down; null at the end. */
export function movedSection(order: Order, section_id: string, step: -1 | 1): Order | null {
  const next = copied(order);
  const place = next.sections.findIndex(({ id }) => id === section_id);
  const [moved, swapped] = [next.sections[place], next.sections[place + step]];
  if (!moved || !swapped) return null;
  next.sections[place + step] = moved;
  next.sections[place] = swapped;
  return next;
}
