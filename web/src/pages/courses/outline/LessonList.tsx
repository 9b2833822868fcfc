import type { FiledRecording } from "../../../api/course_recordings";
import type { Lesson } from "../../../api/outline";
import { LessonRow } from "./LessonRow";
import type { Asked } from "./Questions";

export interface LessonActs {
  onEdit: (id: string) => void;
  /** Null where not all lessons are shown: places among those that are not would mean nothing. */
  onMove: ((id: string, name: string, step: -1 | 1) => void) | null;
  onAsk: (asked: Asked) => void;
}

export function LessonList({
  label,
  lessons,
  recordings,
  acts,
}: {
  label: string;
  lessons: readonly Lesson[];
  recordings: ReadonlyMap<string, FiledRecording[]>;
  acts: LessonActs;
}) {
  return (
    <ul className="list" aria-label={label}>
      {lessons.map((lesson) => (
        <LessonRow key={lesson.id} lesson={lesson} recordings={recordings.get(lesson.id) ?? []} acts={acts} />
      ))}
    </ul>
  );
}
