/** One's home: what is next, due, to be graded and new in all of one's active courses, in one answer. */
import type { Announcement } from "./announcements";
import type { WorkStatus } from "./assignments";
import type { Course } from "./courses";
import type { HttpClient } from "./http";
import type { Lesson } from "./outline";

export interface HomeCourse
  extends Pick<Course, "id" | "code" | "name" | "lesson_opens_minutes" | "lesson_grace_minutes"> {
  teaches: boolean;
}

export interface DueWork {
  id: string;
  course_id: string;
  title: string;
  /** Null: whenever they like. */
  due_at: string | null;
  status: WorkStatus;
  points: number;
}

export interface DueQuiz {
  id: string;
  course_id: string;
  title: string;
  closes_at: string | null;
  time_limit_minutes: number | null;
  /** The person is at an attempt, which ends by itself at `ends_at`. */
  begun: boolean;
  ends_at: string | null;
}

export interface ToGrade {
  id: string;
  course_id: string;
  title: string;
  due_at: string | null;
  /** So many students. */
  waiting: number;
}

export interface HomeRead {
  courses: HomeCourse[];
  lessons: Lesson[];
  due: DueWork[];
  quizzes: DueQuiz[];
  to_grade: ToGrade[];
  announcements: Announcement[];
  unread: number;
}

export function homeApi(http: HttpClient) {
  return {
    read: (signal?: AbortSignal) => http.json<HomeRead>("GET", "/api/v1/home", undefined, signal),
  };
}

export type HomeApi = ReturnType<typeof homeApi>;
