/** Who is using the pages, and the API clients built for them. */
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { sayLastWords } from "../analytics/leaving";
import { type AccountsApi, accountsApi, type User } from "../api/accounts";
import { type AnalyticsApi, analyticsApi } from "../api/analytics";
import { type AnnouncementsApi, announcementsApi } from "../api/announcements";
import { type AssignmentsApi, assignmentsApi } from "../api/assignments";
import { type AttendanceRulesApi, attendanceRulesApi } from "../api/attendance_rules";
import { type AuditApi, auditApi } from "../api/audit";
import { type CalendarsApi, calendarsApi } from "../api/calendars";
import { type CourseRecordingsApi, courseRecordingsApi } from "../api/course_recordings";
import { type CoursesApi, coursesApi } from "../api/courses";
import { type EnrolmentsApi, enrolmentsApi } from "../api/enrolments";
import { type FilesApi, filesApi } from "../api/files";
import { type HomeApi, homeApi } from "../api/home";
import type { HttpClient } from "../api/http";
import { type IdentitiesApi, identitiesApi } from "../api/identities";
import { type InvitationsApi, invitationsApi } from "../api/invitations";
import { type JobsApi, jobsApi } from "../api/jobs";
import { type MailsApi, mailsApi } from "../api/mails";
import { type MaterialsApi, materialsApi } from "../api/materials";
import { type NotificationsApi, notificationsApi } from "../api/notifications";
import { type OutlineApi, outlineApi } from "../api/outline";
import { type OverviewApi, overviewApi } from "../api/overview";
import { type PeopleApi, peopleApi } from "../api/people";
import { sentence } from "../api/problem";
import { type QuizzesApi, quizzesApi } from "../api/quizzes";
import { type RecordingsApi, recordingsApi } from "../api/recordings";
import { type RoomsApi, roomsApi } from "../api/rooms";
import { type SchedulesApi, schedulesApi } from "../api/schedules";
import { type SecondFactorApi, secondFactorApi } from "../api/second_factor";
import { readServer, type ServerInfo } from "../api/server";
import { type StreamsApi, streamsApi } from "../api/streams";
import { type UsageApi, usageApi } from "../api/usage";
import { knowPublicOrigin } from "./origin";

export interface Api {
  http: HttpClient;
  accounts: AccountsApi;
  factor: SecondFactorApi;
  identities: IdentitiesApi;
  people: PeopleApi;
  invitations: InvitationsApi;
  audit: AuditApi;
  mails: MailsApi;
  usage: UsageApi;
  overview: OverviewApi;
  rooms: RoomsApi;
  recordings: RecordingsApi;
  jobs: JobsApi;
  streams: StreamsApi;
  courses: CoursesApi;
  outline: OutlineApi;
  enrolments: EnrolmentsApi;
  courseRecordings: CourseRecordingsApi;
  announcements: AnnouncementsApi;
  schedules: SchedulesApi;
  calendars: CalendarsApi;
  home: HomeApi;
  files: FilesApi;
  materials: MaterialsApi;
  assignments: AssignmentsApi;
  quizzes: QuizzesApi;
  notifications: NotificationsApi;
  analytics: AnalyticsApi;
  attendanceRules: AttendanceRulesApi;
}

export type SessionState =
  | { phase: "loading" }
  | { phase: "unreachable"; message: string }
  | { phase: "signed-out"; server: ServerInfo }
  /** `user` is null for guests of an open-rooms server. */
  | { phase: "ready"; server: ServerInfo; user: User | null };

interface SessionValue {
  api: Api;
  state: SessionState;
  /** The role demands a second factor that the person has not set up: nothing else works until then. */
  factorMissing: boolean;
  /** Reads server and profile anew: after sign-in, and to try again. */
  reload: () => Promise<void>;
  signOut: () => Promise<void>;
  setUser: (user: User) => void;
}

const SessionContext = createContext<SessionValue | null>(null);

export function useSession(): SessionValue {
  const value = useContext(SessionContext);
  if (!value) throw new Error("useSession is used outside SessionProvider.");
  return value;
}

export const useApi = (): Api => useSession().api;

/** The account that has everything that there is here; null for nobody, and for who has to do something first. */
export function useAccount(): string | null {
  const { state, factorMissing } = useSession();
  if (state.phase !== "ready" || factorMissing || awaitsApproval(state)) return null;
  return state.user?.user_id ?? null;
}

async function findOut({ http, accounts }: Api): Promise<SessionState> {
  try {
    const server = await readServer(http);
    knowPublicOrigin(server.public_url);
    // Cookies know no ports: on a machine with two servers the cookie here may be the other one's.
    if (server.open_rooms && !http.signedIn) return { phase: "ready", server, user: null };
    const signedIn = http.signedIn || (await http.refresh());
    if (signedIn) return { phase: "ready", server, user: await accounts.profile() };
    return { phase: "signed-out", server };
  } catch (error) {
    return { phase: "unreachable", message: sentence(error) };
  }
}

/** Calls `back` when the browser shows a page again as it was left: somebody may have signed in or out since. */
function onReturn(back: () => void): () => void {
  const shown = (event: PageTransitionEvent) => event.persisted && back();
  window.addEventListener("pageshow", shown);
  return () => window.removeEventListener("pageshow", shown);
}

export function SessionProvider({ http, children }: { http: HttpClient; children: ReactNode }) {
  const api = useMemo<Api>(
    () => ({
      http,
      accounts: accountsApi(http),
      factor: secondFactorApi(http),
      identities: identitiesApi(http),
      people: peopleApi(http),
      invitations: invitationsApi(http),
      audit: auditApi(http),
      mails: mailsApi(http),
      usage: usageApi(http),
      overview: overviewApi(http),
      rooms: roomsApi(http),
      recordings: recordingsApi(http),
      jobs: jobsApi(http),
      streams: streamsApi(http),
      courses: coursesApi(http),
      outline: outlineApi(http),
      enrolments: enrolmentsApi(http),
      courseRecordings: courseRecordingsApi(http),
      announcements: announcementsApi(http),
      schedules: schedulesApi(http),
      calendars: calendarsApi(http),
      home: homeApi(http),
      files: filesApi(http),
      materials: materialsApi(http),
      assignments: assignmentsApi(http),
      quizzes: quizzesApi(http),
      notifications: notificationsApi(http),
      analytics: analyticsApi(http),
      attendanceRules: attendanceRulesApi(http),
    }),
    [http],
  );
  const [state, setState] = useState<SessionState>({ phase: "loading" });
  const [refused, setRefused] = useState(false);
  const reload = useCallback(async () => {
    setRefused(false);
    setState(await findOut(api));
  }, [api]);
  const setUser = useCallback(
    (user: User) => setState((now) => (now.phase === "ready" ? { ...now, user } : now)),
    [],
  );

  useEffect(() => {
    http.onSessionLost = () => void reload();
    http.onUnapproved = () => void api.accounts.profile().then(setUser, () => undefined);
    http.onFactorMissing = () => setRefused(true);
    void reload();
    return onReturn(() => void reload());
  }, [http, api, reload, setUser]);

  const value = useMemo<SessionValue>(
    () => ({
      api,
      state,
      factorMissing: refused && state.phase === "ready" && state.user?.totp_enabled !== true,
      reload,
      async signOut() {
        await sayLastWords();
        await api.accounts.logout().catch(() => undefined);
        await reload();
      },
      setUser,
    }),
    [api, state, refused, reload, setUser],
  );
  return <SessionContext value={value}>{children}</SessionContext>;
}

/** Whether this person may make rooms, present and record (the server decides in the end). */
export function mayTeach(state: SessionState): boolean {
  if (state.phase !== "ready") return false;
  return state.user ? ["admin", "teacher"].includes(state.user.role) : state.server.open_rooms;
}

export function isAdmin(state: SessionState): boolean {
  return state.phase === "ready" && state.user?.role === "admin";
}

/** Whether the person here may only sign in until an administrator approves the account. */
export function awaitsApproval(state: SessionState): boolean {
  return state.phase === "ready" && state.user?.verified === false;
}

/** What the server says of itself; null while it has not answered. */
export function serverOf(state: SessionState): ServerInfo | null {
  return state.phase === "ready" || state.phase === "signed-out" ? state.server : null;
}

/** Whether the account named by `user_id` is the person here; with open rooms what nobody owns is everybody's. */
export function isOwn(state: SessionState, user_id: string | null): boolean {
  if (state.phase !== "ready") return false;
  return state.user ? state.user.user_id === user_id : state.server.open_rooms && user_id === null;
}
