/** A list that shows what belongs to one lesson (`?lesson=`), and the way back to all of it. */
import { useSearch } from "wouter";
import type { Lesson } from "../../api/outline";
import { ButtonLink } from "../../design/Button";

/** The lesson that the address names; empty for none. */
export const useLessonWanted = (): string => new URLSearchParams(useSearch()).get("lesson") ?? "";

export function OfLesson({ lesson, all, href }: { lesson: Lesson | undefined; all: string; href: string }) {
  return (
    <p className="course-tools of-lesson">
      <span>
        Of <strong>{lesson?.title ?? "a lesson that is not here"}</strong>
      </span>
      <ButtonLink href={href} size="small">
        {all}
      </ButtonLink>
    </p>
  );
}
