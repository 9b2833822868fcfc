/** Sections and lessons of a course, and their order. */
import { changeVersioned, coursePath, readVersioned } from "./courses";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export type LessonKind = "live" | "recording" | "material" | "assignment";

export interface Section {
  id: string;
  course_id: string;
  title: string;
  description: string;
  published: boolean;
  release_at: string | null;
}

export interface Lesson {
  id: string;
  course_id: string;
  section_id: string | null;
  kind: LessonKind;
  title: string;
  description: string;
  published: boolean;
  release_at: string | null;
  starts_at: string | null;
  ends_at: string | null;
  cancelled: boolean;
  /** When its class was ended for all. */
  over_at: string | null;
  /** The series that it belongs to. */
  schedule_id: string | null;
  /** It was moved or cancelled by itself: its series moves it no more. */
  touched: boolean;
  /** Of a live lesson: where it is held. */
  room_id: string | null;
}

export interface SectionChange {
  title?: string;
  description?: string;
  published?: boolean;
  release_at?: string | null;
}

export interface LessonChange extends SectionChange {
  section_id?: string | null;
  starts_at?: string | null;
  ends_at?: string | null;
  cancelled?: boolean;
}

export interface NewLesson extends LessonChange {
  kind: LessonKind;
  title: string;
}

/** Every section and every lesson of a course once, in their order. */
export interface Order {
  lessons: string[];
  sections: { id: string; lessons: string[] }[];
}

export interface ExpectedPerson {
  user_id: string;
  full_name: string;
  present: boolean;
  joined_at: string | null;
}

export interface LessonPeople extends Page<ExpectedPerson> {
  open: boolean;
  expected_count: number;
  present_count: number;
  others: { participant_id: string; full_name: string; role: string; joined_at: string }[];
}

interface PageWish {
  limit: number;
  cursor: string | undefined;
}

export function outlineApi(http: HttpClient) {
  const section = (course: string, id: string) => coursePath(course, "sections", id);
  const lesson = (course: string, id: string) => coursePath(course, "lessons", id);
  return {
    sections: (course: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<Section>>(
        "GET",
        withQuery(coursePath(course, "sections"), { ...page }),
        undefined,
        signal,
      ),
    lessons: (course: string, page: PageWish, signal?: AbortSignal, kind?: LessonKind) =>
      http.json<Page<Lesson>>(
        "GET",
        withQuery(coursePath(course, "lessons"), { kind, ...page }),
        undefined,
        signal,
      ),
    section: (course: string, id: string, signal?: AbortSignal) =>
      readVersioned<Section>(http, section(course, id), signal),
    lesson: (course: string, id: string, signal?: AbortSignal) =>
      readVersioned<Lesson>(http, lesson(course, id), signal),
    addSection: (course: string, wish: SectionChange) =>
      http.json<Section>("POST", coursePath(course, "sections"), wish),
    addLesson: (course: string, wish: NewLesson) =>
      http.json<Lesson>("POST", coursePath(course, "lessons"), wish),
    changeSection: (course: string, id: string, change: SectionChange, etag?: string | null) =>
      changeVersioned<Section>(http, section(course, id), change, etag),
    changeLesson: (course: string, id: string, change: LessonChange, etag?: string | null) =>
      changeVersioned<Lesson>(http, lesson(course, id), change, etag),
    deleteSection: (course: string, id: string) => http.json<unknown>("DELETE", section(course, id)),
    deleteLesson: (course: string, id: string) => http.json<unknown>("DELETE", lesson(course, id)),
    order: (course: string, order: Order) => http.json<unknown>("PUT", coursePath(course, "order"), order),
    people: (course: string, id: string, page: PageWish, signal?: AbortSignal) =>
      http.json<LessonPeople>(
        "GET",
        withQuery(coursePath(course, "lessons", id, "people"), { ...page }),
        undefined,
        signal,
      ),
  };
}

export type OutlineApi = ReturnType<typeof outlineApi>;
