/** What is measured of recordings, classes and courses. */
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface HeatBin {
  /** Seconds. */
  start: number;
  views: number;
  viewers: number;
  /** Of those who began: 0 to 1. */
  remaining: number;
}

export interface Lecture {
  recording_id: string;
  duration_seconds: number;
  /** Too few have watched it for averages to be told here. */
  hidden: boolean;
  unique_viewers: number | null;
  total_views: number | null;
  avg_watch_time_seconds: number | null;
  completion_rate: number | null;
  /** Of it, to have completed it: 0.5 to 1. */
  completion_ratio: number;
  average_completion: number | null;
  peak_concurrent_viewers: number | null;
  total_buffer_events: number | null;
  quality_distribution: Record<string, number>;
  most_replayed_section: { start: number; end: number; replays: number } | null;
  heatmap: HeatBin[];
}

export interface Viewer {
  user_id: string;
  name: string;
  email: string;
  watched_seconds: number;
  total_watch_time_seconds: number;
  completion_percentage: number;
  completed_at: string | null;
  last_watched: string;
  sessions_count: number;
}

export interface StudentEngagement {
  student_id: string;
  student_name: string;
  student_email: string;
  engagement_score: number;
  attendance_rate: number | null;
  average_completion: number | null;
  participation_rate: number | null;
  activity_score: number | null;
  watch_time_seconds: number;
  recordings_completed: number;
  grade_percent: number | null;
  last_seen_at: string | null;
  trend_last_week: "increasing" | "decreasing" | "stable";
  talk_seconds: number;
  messages: number;
  hands: number;
  reactions: number;
  poll_answers: number;
}

export interface OwnFigures {
  figures: StudentEngagement;
  recordings: { recording_id: string; title: string; completion_percentage: number }[];
}

/** That figures of people are in sums alone, up to a time. */
export interface Anonymized {
  at: string;
  students: number;
}

export interface CourseAnalytics {
  course_id: string;
  hidden: boolean;
  total_students: number | null;
  attending_students: number | null;
  total_lectures: number;
  total_recordings: number;
  total_view_sessions: number | null;
  avg_attendance_rate: number | null;
  average_completion: number | null;
  total_watch_time_seconds: number | null;
  course_engagement_score: number | null;
  /** Of the student who asks. */
  mine: OwnFigures | null;
  averages_from: number;
  /** What is played goes to a learning record store, too. */
  is_pushed: boolean;
  /** 0: always. */
  log_kept_days: number;
  anonymized: Anonymized | null;
  /** 0: never. */
  anonymized_after_days: number;
}

export interface EngagementReport {
  avg_engagement_score: number;
  student_engagement: StudentEngagement[];
  recommendations: string[];
}

export type Attended = "present" | "late" | "partial" | "excused" | "absent";

/** A class that goes on: it is in no figure yet. */
export interface RunningClass {
  lesson_id: string;
  title: string;
  starts_at: string | null;
  held_from: string | null;
}

export interface HeldClass extends RunningClass, Record<Attended, number> {
  held_until: string | null;
  held_s: number;
  made_up: number;
}

export interface StudentAttendance {
  student_id: string;
  student_name: string;
  lectures_attended: number;
  lectures_total: number;
  attendance_rate: number;
  best_possible_rate: number;
  consecutive_absent: number;
}

export interface AttendanceReport {
  lectures_total: number;
  attendance_rate: number;
  classes: HeldClass[];
  going_on: RunningClass[];
  student_attendance: StudentAttendance[];
}

export interface AttendanceRow {
  user_id: string;
  name: string;
  email: string;
  first_join: string | null;
  last_leave: string | null;
  sessions_count: number;
  /** Kinds of devices; null: not known. */
  device_count: number | null;
  present_s: number;
  ratio: number;
  late_s: number;
  early_s: number;
  /** Null: the class does not count for them. */
  status: Attended | null;
  source: "auto" | "manual";
  made_up: boolean;
}

export interface Sheet {
  lesson_id: string;
  title: string;
  starts_at: string | null;
  held_from: string | null;
  held_until: string | null;
  held_s: number;
  breaks: number;
  goes_on: boolean;
  /** Whether who is not there is absent, which nobody is from what staff rehearse. */
  counts: boolean;
  people: AttendanceRow[];
  /** Once nobody can tell any more who was there. */
  totals: Record<Attended, number> | null;
}

export interface LecturePerformance {
  recording_id: string;
  title: string;
  viewers: number;
  viewer_rate: number;
  completion: number;
  completed: number;
  watch_time_seconds: number;
  view_sessions: number;
  buffer_events: number;
  performance_rating: "excellent" | "good" | "average" | "poor";
}

export interface PerformanceReport {
  overall_score: number;
  lectures: LecturePerformance[];
  recommendations: string[];
}

export type NetworkCause = "cut_off" | "uplink" | "downlink" | "narrow_downlink" | "distance" | "queues";

export interface ClassNetwork {
  lesson_id: string;
  title: string;
  held_from: string | null;
  people: number;
  with_trouble: number;
  staff_with_trouble: number;
}

export interface PersonNetwork {
  user_id: string;
  name: string;
  email: string;
  is_staff: boolean;
  devices: ("phone" | "tablet" | "computer")[];
  classes: number;
  classes_with_trouble: number;
  cause: NetworkCause | null;
  explanation: string | null;
  reconnects: number;
  rtt_ms_mean: number | null;
  loss_sending_percent: number | null;
  loss_receiving_percent: number | null;
  recording_stalls: number;
}

export interface NetworkReport {
  classes: ClassNetwork[];
  people: PersonNetwork[];
}

export type AlertStatus = "open" | "resolved" | "dismissed" | "over";

export interface Alert {
  id: string;
  student_id: string;
  student_name: string;
  rule: string;
  severity: "low" | "medium" | "high" | "critical";
  reason: string;
  recommendation: string;
  evidence: Record<string, unknown>;
  status: AlertStatus;
  created_at: string;
  closed_at: string | null;
  note: string;
}

export interface LivePerson {
  /** Null for guests. */
  user_id: string | null;
  name: string;
  role: string;
  here: boolean;
  /** Null: they have not come. */
  first_join: string | null;
  late: boolean;
  late_s: number;
  present_s: number;
  talk_s: number;
  camera_s: number;
  messages: number;
  hands: number;
  reactions: number;
  /** For how long their connection was poor or lost, and for how long fair. */
  poor_s: number;
  fair_s: number;
}

export interface LiveClass {
  room_id: string;
  at: string;
  open_since: string | null;
  began: string | null;
  people: LivePerson[];
}

const BASE = "/api/v1/analytics";
export type ReportName = "engagement" | "attendance" | "performance" | "network";
export type ReportFormat = "csv" | "pdf";
export type StatementForm = "xapi" | "caliper";

export function analyticsApi(http: HttpClient) {
  const get = <T>(path: string, query: Record<string, string | number | undefined>, signal?: AbortSignal) =>
    http.json<T>("GET", withQuery(`${BASE}${path}`, query), undefined, signal);
  const sheet = (lesson: string) => `/lessons/${lesson}/attendance`;
  return {
    lecture: (id: string, signal?: AbortSignal) => get<Lecture>(`/lecture/${id}`, {}, signal),
    viewers: (id: string, page: { limit: number; cursor: string | undefined }, signal?: AbortSignal) =>
      get<Page<Viewer>>(`/lecture/${id}/viewers`, { ...page }, signal),
    course: (id: string, signal?: AbortSignal) => get<CourseAnalytics>(`/course/${id}`, {}, signal),
    engagement: (course_id: string, signal?: AbortSignal) =>
      get<EngagementReport>("/reports/engagement", { course_id }, signal),
    attendance: (course_id: string, signal?: AbortSignal) =>
      get<AttendanceReport>("/reports/attendance", { course_id }, signal),
    performance: (course_id: string, signal?: AbortSignal) =>
      get<PerformanceReport>("/reports/performance", { course_id }, signal),
    network: (course_id: string, signal?: AbortSignal) =>
      get<NetworkReport>("/reports/network", { course_id, connections: "false" }, signal),
    /** `time_zone`: by whose clocks a PDF tells times; else by the course's. */
    downloadReport: (name: ReportName, course_id: string, format: ReportFormat, time_zone?: string) =>
      http.download(withQuery(`${BASE}/reports/${name}`, { course_id, format, time_zone })),
    /** What was watched in a course, as a JSON array: all of it for its staff, for students their own. */
    downloadStatements: (course_id: string, format: StatementForm) =>
      http.download(withQuery(`${BASE}/export`, { course_id, format })),
    live: (room: string, signal?: AbortSignal) =>
      get<LiveClass>(`/rooms/${encodeURIComponent(room)}/live`, {}, signal),
    sheet: (lesson: string, signal?: AbortSignal) => get<Sheet>(sheet(lesson), {}, signal),
    downloadSheet: (lesson: string) => http.download(`${BASE}${sheet(lesson)}?format=csv`),
    /** `status` null: by rule again. */
    correct: (lesson: string, user: string, correction: { status: Attended | null; reason: string }) =>
      http.json<AttendanceRow>("PUT", `${BASE}${sheet(lesson)}/${user}`, correction),
    alerts: (
      course_id: string,
      status: AlertStatus | "",
      page: { limit: number; cursor: string | undefined },
      signal?: AbortSignal,
    ) => get<Page<Alert>>("/alerts", { course_id, status, ...page }, signal),
    closeAlert: (id: string, how: "resolve" | "dismiss", note: string) =>
      http.json<Alert>("POST", `${BASE}/alerts/${id}/${how}`, { note }),
  };
}

export type AnalyticsApi = ReturnType<typeof analyticsApi>;
