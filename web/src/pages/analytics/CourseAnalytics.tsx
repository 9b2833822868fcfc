/** How a course goes, for its staff: classes, recordings, who takes part, who may need help. */
import { useCallback } from "react";
import type { CourseAnalytics as Figures } from "../../api/analytics";
import { ButtonLink } from "../../design/Button";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { moment, plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { useCourse } from "../courses/useCourse";
import { Alerts } from "./Alerts";
import "./Analytics.css";
import { CourseCharts } from "./CourseCharts";
import { Engagement } from "./Engagement";
import { Network } from "./Network";
import { Performance } from "./Performance";
import { SaveStatements } from "./SaveStatements";
import { Tiles } from "./Tiles";
import { count, counted, percent, time } from "./words";

const FRESH_MS = 60_000;

export function CourseAnalytics() {
  const { course } = useCourse();
  const { analytics } = useApi();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [figures, engagement, attendance, performance, network] = await Promise.all([
        analytics.course(course.id, signal),
        analytics.engagement(course.id, signal),
        analytics.attendance(course.id, signal),
        analytics.performance(course.id, signal),
        analytics.network(course.id, signal),
      ]);
      return { figures, engagement, attendance, performance, network };
    },
    [analytics, course.id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading the figures" />;
  return (
    <div data-testid="course-analytics">
      {error && <Notice tone="wrong">{error}</Notice>}
      <CourseTiles figures={data.figures} />
      {data.figures.anonymized && (
        <p className="soft analytics-note analytics-anonymized" data-testid="anonymized">
          {`Of ${plural(data.figures.anonymized.students, "student", "students")} who were here until ${moment(data.figures.anonymized.at)} there are sums alone: they are in the figures, and in no list.`}
        </p>
      )}
      <p className="analytics-ways">
        <ButtonLink href={`/courses/${course.id}/attendance`} icon="list" testId="to-sheets">
          Attendance sheets
        </ButtonLink>
      </p>
      <Alerts />
      <CourseCharts attendance={data.attendance} performance={data.performance} />
      <Engagement report={data.engagement} />
      <Performance report={data.performance} />
      <Network report={data.network} />
      <SaveStatements note="Every play, pause, jump and completion of its recordings, student by student, as learning record stores take it. That you save it is noted in the audit log." />
    </div>
  );
}

function CourseTiles({ figures }: { figures: Figures }) {
  return (
    <Tiles
      testId="course-figures"
      figures={[
        {
          label: "Attendance",
          value: percent(figures.total_lectures > 0 ? figures.avg_attendance_rate : null),
          note: `of ${plural(figures.total_lectures, "class", "classes")} held, by points`,
        },
        {
          label: "Students",
          value: count(figures.total_students),
          note: `${count(figures.attending_students)} attended a class`,
        },
        {
          label: "Watched",
          value: percent(figures.total_recordings > 0 ? figures.average_completion : null),
          note: `of ${plural(figures.total_recordings, "recording", "recordings")}, on average`,
        },
        {
          label: "Time with recordings",
          value: time(figures.total_watch_time_seconds),
          note: `in ${counted(figures.total_view_sessions, "session", "sessions")}`,
        },
        {
          label: "Engagement",
          value: `${count(figures.course_engagement_score)} of 100`,
          note: "mean of attendance, watching, participation",
        },
      ]}
    />
  );
}
