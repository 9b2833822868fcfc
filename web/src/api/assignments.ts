/** Assignments, what is handed in, and grades. */
import { changeVersioned, coursePath, readVersioned, type Versioned } from "./courses";
import type { CourseFile } from "./files";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export type LatePolicy = "refuse" | "accept" | "deduct";
export type WorkStatus = "on_time" | "late" | "missing" | "floating";

export interface Criterion {
  id: string;
  title: string;
  description: string;
  points: number;
}

export interface Assignment {
  id: string;
  course_id: string;
  lesson_id: string | null;
  title: string;
  description: string;
  published: boolean;
  release_at: string | null;
  due_at: string | null;
  late_policy: LatePolicy;
  late_until: string | null;
  late_percent: number;
  /** After that nothing is taken; null: never. */
  closes_at: string | null;
  points: number;
  rubric: Criterion[];
  for_groups: boolean;
  max_attempts: number | null;
}

export type AssignmentChange = Partial<Omit<Assignment, "id" | "course_id" | "closes_at">>;

/** Some who work together. */
export interface Group {
  id: string;
  name: string;
  members: { user_id: string; full_name: string }[];
}

export interface WantedGroup {
  /** Of a group that is there already. */
  id?: string;
  name: string;
  members: string[];
}

export interface Submission {
  id: string;
  attempt: number;
  user_id: string | null;
  group_id: string | null;
  text: string;
  files: CourseFile[];
  /** null: a draft. */
  handed_in_at: string | null;
  status: WorkStatus | null;
  late_days: number;
  updated_at: string;
}

export interface Score {
  id: string;
  points: number;
  comment: string;
}

export interface Grade {
  /** The attempt that the points are for. */
  submission_id: string | null;
  /** That is handed in; null for students. */
  newest_submission_id: string | null;
  points: number | null;
  scores: Score[];
  feedback: string;
  files: CourseFile[];
  released: boolean;
  /** 0: nothing was said yet. */
  version: number;
}

export interface GradeChange {
  points?: number | null;
  scores?: Score[];
  feedback?: string;
  released?: boolean;
  for_group?: boolean;
  /** The files of this grade are everybody's in the group, in place of theirs. */
  files_for_group?: boolean;
  /** Points that are sent as they were are for the newest attempt, too. */
  for_newest?: boolean;
}

/** Where a student stands with an assignment. */
export interface Entry {
  assignment_id: string;
  title: string;
  status: WorkStatus;
  submission_id: string | null;
  handed_in_at: string | null;
  out_of: number;
  points: number | null;
  percent_off: number;
  final_points: number | null;
  released: boolean;
}

/** Where a student stands with a quiz. */
export interface QuizEntry {
  quiz_id: string;
  title: string;
  /** Never `late`: `on_time` once an attempt has ended. */
  status: WorkStatus;
  ended_at: string | null;
  /** Of the student's own attempts, once there are any: where questions are drawn they differ. */
  out_of: number;
  points: number | null;
  /** Its student is shown results. */
  released: boolean;
  /** The best attempt where that counts, else the last. */
  attempt_id: string | null;
}

export interface BookRow {
  user_id: string;
  full_name: string;
  email: string;
  percent_to_date: number | null;
  percent_overall: number | null;
  entries: Entry[];
  quizzes: QuizEntry[];
}

/** A student with one assignment. */
export interface RosterRow {
  user_id: string;
  full_name: string;
  entry: Entry;
}

/** `counts`: of all students, on the first page. */
export type RosterPage = Page<RosterRow> & {
  counts: { students: number; handed_in: number; drafts: number } | null;
};

/** `quizzes`: on the first page all of them, null on others. */
export type OwnGradesPage = Page<Entry> & { quizzes: QuizEntry[] | null };

interface PageWish {
  limit: number;
  cursor: string | undefined;
}

export function assignmentsApi(http: HttpClient) {
  const path = (course: string, ...rest: string[]) => coursePath(course, "assignments", ...rest);
  const work = (course: string, id: string, ...rest: string[]) => path(course, id, "submissions", ...rest);
  const sent = async <T>(
    method: string,
    at: string,
    etag: string | null,
    json?: unknown,
  ): Promise<Versioned<T>> => {
    const { body, headers } = await http.exchange<T>(method, at, {
      ...(json !== undefined && { json }),
      ...(etag && { headers: { "If-Match": etag } }),
    });
    return { value: body, etag: headers.get("ETag") };
  };
  return {
    list: (course: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<Assignment>>("GET", withQuery(path(course), { ...page }), undefined, signal),
    get: (course: string, id: string, signal?: AbortSignal) =>
      readVersioned<Assignment>(http, path(course, id), signal),
    add: (course: string, wish: AssignmentChange) => http.json<Assignment>("POST", path(course), wish),
    change: (course: string, id: string, wish: AssignmentChange, etag?: string | null) =>
      changeVersioned<Assignment>(http, path(course, id), wish, etag),
    delete: (course: string, id: string) => http.json<unknown>("DELETE", path(course, id)),
    groups: (course: string, id: string, page: PageWish, signal?: AbortSignal) =>
      readVersioned<Page<Group>>(http, withQuery(path(course, id, "groups"), { ...page }), signal),
    /** These and no others; with `etag`, refused with 412 when somebody else has changed any meanwhile. */
    setGroups: (course: string, id: string, groups: WantedGroup[], etag: string | null) =>
      sent<Page<Group>>("PUT", path(course, id, "groups"), etag, { groups }),
    attempts: (course: string, id: string, user: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<Submission>>(
        "GET",
        withQuery(work(course, id), { user_id: user, ...page }),
        undefined,
        signal,
      ),
    begin: (course: string, id: string) => http.json<Submission>("POST", work(course, id), {}),
    attempt: (course: string, id: string, one: string, signal?: AbortSignal) =>
      readVersioned<Submission>(http, work(course, id, one), signal),
    /** With `etag`, refused with 412 when somebody of the group has written something else meanwhile. */
    write: (course: string, id: string, one: string, text: string, etag: string | null) =>
      sent<Submission>("PUT", work(course, id, one), etag, { text }),
    /** Likewise. */
    handIn: (course: string, id: string, one: string, etag: string | null) =>
      sent<Submission>("POST", work(course, id, one, "hand-in"), etag),
    deleteDraft: (course: string, id: string, one: string) =>
      http.json<unknown>("DELETE", work(course, id, one)),
    workFiles: (course: string, id: string, one: string) => work(course, id, one, "files"),
    feedbackFiles: (course: string, id: string, student: string) =>
      path(course, id, "grades", student, "files"),
    deleteFile: (files: string, file: string) => http.json<unknown>("DELETE", `${files}/${file}`),
    grade: (course: string, id: string, student: string, signal?: AbortSignal) =>
      readVersioned<Grade>(http, path(course, id, "grades", student), signal),
    setGrade: (course: string, id: string, student: string, change: GradeChange, etag?: string | null) =>
      changeVersioned<Grade>(http, path(course, id, "grades", student), change, etag),
    release: (course: string, id: string) =>
      http.json<{ released: number }>("POST", path(course, id, "release-grades")),
    roster: (
      course: string,
      id: string,
      wish: PageWish & { q?: string | undefined; student_id?: string | undefined },
      signal?: AbortSignal,
    ) => http.json<RosterPage>("GET", withQuery(path(course, id, "roster"), { ...wish }), undefined, signal),
    book: (course: string, wish: PageWish & { q?: string | undefined }, signal?: AbortSignal) =>
      http.json<Page<BookRow>>(
        "GET",
        withQuery(coursePath(course, "grades"), { ...wish }),
        undefined,
        signal,
      ),
    mine: (course: string, page: PageWish, signal?: AbortSignal) =>
      http.json<OwnGradesPage>(
        "GET",
        withQuery(coursePath(course, "grades", "mine"), { ...page }),
        undefined,
        signal,
      ),
    exportBook: (course: string) => http.download(coursePath(course, "grades", "export")),
  };
}

export type AssignmentsApi = ReturnType<typeof assignmentsApi>;
