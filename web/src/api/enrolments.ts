/** Who takes part in courses, and the ways in: enrolled by staff, by oneself, by codes, links and lists. */
import type { Role } from "./accounts";
import { COURSES, coursePath } from "./courses";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";
import type { CellError } from "./people";

export type RoleInCourse = "student" | "assistant" | "teacher";

export interface Enrolment {
  id: string;
  course_id: string;
  student_id: string;
  full_name: string;
  email: string;
  /** How they are enrolled. */
  role: Role;
  /** The role that holds: what they were given ranks above how they are enrolled. */
  role_held: Role;
  status: "active" | "waiting";
  /** On the waiting list: 1 is next. */
  place: number | null;
  enrollment_date: string;
}

export interface EnrolmentFilter {
  status?: "active" | "waiting" | undefined;
  role?: RoleInCourse | undefined;
  q?: string | undefined;
  limit?: number;
  cursor?: string | undefined;
}

export interface CourseInvitation {
  id: string;
  kind: "code" | "link";
  /** null for links, whose token is told once. */
  code: string | null;
  label: string;
  role: Role;
  max_uses: number | null;
  uses: number;
  status: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

export type MadeInvitation = CourseInvitation & { link: string | null };

export interface NewCourseInvitation {
  kind: "code" | "link";
  role: RoleInCourse;
  label?: string;
  max_uses?: number | null;
  ttl_seconds?: number | null;
}

/** What opens a course: a code as it is typed, or the token of a link. */
export type CourseSecret = { code: string } | { token: string };

/** What a code or a link is for. */
export interface InvitationTold {
  course_id: string;
  course_name: string;
  course_code: string;
  instructor_name: string | null;
  role: Role;
  /** null: as many as come; 0: whoever joins waits. */
  places_left: number | null;
}

export interface EnrolledLine {
  line: number;
  /** The address or the id that the line says. */
  name: string;
  outcome: "enrolled" | "waiting" | "exists" | "no_account" | "full" | "invalid";
  errors: CellError[];
}

export interface EnrolmentReport {
  dry_run: boolean;
  total: number;
  enrolled: number;
  waiting: number;
  skipped: number;
  failed: number;
  lines: EnrolledLine[];
}

export interface GivenRole {
  user_id: string;
  full_name: string;
  email: string;
  role: Role;
  watch_only: boolean;
  granted_at: string;
}

interface PageWish {
  limit: number;
  cursor: string | undefined;
}

export function enrolmentsApi(http: HttpClient) {
  return {
    list: (course: string, filter: EnrolmentFilter, signal?: AbortSignal) =>
      http.json<Page<Enrolment>>(
        "GET",
        withQuery(coursePath(course, "enrollments"), { ...filter }),
        undefined,
        signal,
      ),
    enrolSelf: (course: string) => http.json<Enrolment>("POST", coursePath(course, "enroll"), {}),
    enrol: (course: string, email: string, role: RoleInCourse) =>
      http.json<Enrolment>("POST", coursePath(course, "enroll"), { email, role }),
    end: (course: string, user_id: string) =>
      http.json<{ moved_up: number }>("DELETE", coursePath(course, "enroll", user_id)),
    importCsv: (course: string, table: Blob, dry_run: boolean) =>
      http.upload<EnrolmentReport>(
        "POST",
        withQuery(coursePath(course, "enrollments", "import"), { dry_run: String(dry_run) }),
        table,
        "text/csv",
      ),
    join: (secret: CourseSecret) => http.json<Enrolment>("POST", `${COURSES}/join`, secret),
    look: (secret: CourseSecret) => http.json<InvitationTold>("POST", `${COURSES}/join/check`, secret),
    invitations: (course: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<CourseInvitation>>(
        "GET",
        withQuery(coursePath(course, "invitations"), { ...page }),
        undefined,
        signal,
      ),
    invite: (course: string, wish: NewCourseInvitation) =>
      http.json<MadeInvitation>("POST", coursePath(course, "invitations"), wish),
    revoke: (course: string, id: string) =>
      http.json<unknown>("DELETE", coursePath(course, "invitations", id)),
    roles: (course: string, page: PageWish, signal?: AbortSignal) =>
      http.json<Page<GivenRole>>(
        "GET",
        withQuery(coursePath(course, "permissions"), { ...page }),
        undefined,
        signal,
      ),
    giveRole: (course: string, user_id: string, role: string) =>
      http.json<GivenRole>("POST", coursePath(course, "permissions"), { user_id, role }),
    takeRole: (course: string, user_id: string) =>
      http.json<unknown>("DELETE", coursePath(course, "permissions", user_id)),
  };
}

export type EnrolmentsApi = ReturnType<typeof enrolmentsApi>;
