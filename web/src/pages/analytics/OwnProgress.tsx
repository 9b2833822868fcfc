/** What is known of the student who looks: their classes, what they have watched, and what is kept of them. */
import { useCallback, useMemo } from "react";
import { useLocation } from "wouter";
import type { AttendanceReport, CourseAnalytics, OwnFigures } from "../../api/analytics";
import { Chart } from "../../charts/Chart";
import type { ChartData } from "../../charts/figures";
import { Badge } from "../../design/Badge";
import { Card } from "../../design/Card";
import { EmptyState } from "../../design/EmptyState";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { moment, plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { useCourse } from "../courses/useCourse";
import "./Analytics.css";
import { Collected } from "./Collected";
import { SaveStatements } from "./SaveStatements";
import { Tiles } from "./Tiles";
import { count, didWords, ownStatus, percent, STATUSES, time } from "./words";

const FRESH_MS = 60_000;

export function OwnProgress() {
  const { course } = useCourse();
  const { analytics } = useApi();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [whole, attendance] = await Promise.all([
        analytics.course(course.id, signal),
        analytics.attendance(course.id, signal),
      ]);
      return { whole, attendance };
    },
    [analytics, course.id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading your figures" />;
  const { whole, attendance } = data;
  if (!whole.mine && whole.anonymized) {
    return (
      <EmptyState icon="signal" title="Nothing is kept of you here any more">
        What was measured of students until {moment(whole.anonymized.at)} is in sums, and whose it was is not
        kept.
      </EmptyState>
    );
  }
  if (!whole.mine) {
    return (
      <EmptyState icon="signal" title="Nothing is measured of you here">
        Figures are of the students of a course.
      </EmptyState>
    );
  }
  return (
    <div data-testid="own-progress">
      {error && <Notice tone="wrong">{error}</Notice>}
      <OwnTiles mine={whole.mine} whole={whole} attendance={attendance} />
      <OwnRecordings mine={whole.mine} />
      <OwnClasses attendance={attendance} />
      <SaveStatements note="Every play, pause, jump and completion of yours in this course, as a learning record store takes it." />
      <Collected
        keptDays={whole.log_kept_days}
        byNameDays={whole.anonymized_after_days}
        averagesFrom={whole.averages_from}
        isPushed={whole.is_pushed}
      />
    </div>
  );
}

/** The class's average where there is one for students to be told, which they are in steps. */
const beside = (words: string, hidden: boolean, average: number | null): string =>
  hidden || average === null ? words : `${words}; class average about ${percent(average)}`;

function OwnTiles({
  mine: { figures },
  whole,
  attendance,
}: {
  mine: OwnFigures;
  whole: CourseAnalytics;
  attendance: AttendanceReport;
}) {
  const own = attendance.student_attendance[0];
  const classes = own
    ? `${own.lectures_attended} of ${plural(own.lectures_total, "class", "classes")}`
    : "no class yet";
  const shares = {
    attendance: beside(classes, whole.hidden, whole.avg_attendance_rate),
    watched: beside(
      `of ${plural(whole.total_recordings, "recording", "recordings")}`,
      whole.hidden,
      whole.average_completion,
    ),
  };
  return (
    <Tiles
      testId="own-figures"
      figures={[
        { label: "Attendance", value: percent(figures.attendance_rate), note: shares.attendance },
        { label: "Watched", value: percent(figures.average_completion), note: shares.watched },
        {
          label: "Time with recordings",
          value: time(figures.watch_time_seconds),
          note: `${count(figures.recordings_completed)} completed`,
        },
        {
          label: "Took part",
          value: percent(figures.participation_rate),
          note: `talked ${time(figures.talk_seconds)}; ${didWords(figures)}`,
        },
      ]}
    />
  );
}

function OwnRecordings({ mine: { recordings, figures } }: { mine: OwnFigures }) {
  const [, go] = useLocation();
  const data = useMemo<ChartData>(
    () => ({
      along: { kind: "names", label: "Recording", names: recordings.map(({ title }) => title) },
      series: [
        {
          label: "Watched",
          look: "bar",
          values: recordings.map(({ completion_percentage }) => completion_percentage),
        },
      ],
      unit: "%",
      top: 100,
    }),
    [recordings],
  );
  return (
    <Card className="analytics-wide">
      <Chart
        title="How much of each recording you have watched"
        summary={recordings.length > 0 ? `${percent(figures.average_completion)} on average.` : ""}
        data={data}
        empty="No recording is published in this course yet."
        onPick={(index) => {
          const id = recordings[index]?.recording_id;
          if (id) go(`/recordings/${id}`);
        }}
        pickWords="watch it"
        testId="own-recordings"
      />
    </Card>
  );
}

function OwnClasses({ attendance: { classes, going_on } }: { attendance: AttendanceReport }) {
  return (
    <section className="analytics-part" aria-labelledby="own-classes-title">
      <div className="analytics-part-head">
        <h2 id="own-classes-title">Your classes</h2>
      </div>
      {classes.length + going_on.length === 0 ? (
        <p className="soft">None has been held yet.</p>
      ) : (
        <ul className="list analytics-list" data-testid="own-classes">
          {going_on.map(({ lesson_id, title }) => (
            <li key={lesson_id}>
              <span>{title}</span>
              <span className="soft">goes on</span>
            </li>
          ))}
          {[...classes].reverse().map((one) => {
            const status = ownStatus(one);
            const at = one.starts_at ?? one.held_from;
            return (
              <li key={one.lesson_id}>
                <span>
                  {one.title}
                  {at && <span className="soft"> · {moment(at)}</span>}
                </span>
                <span className="sheet-status">
                  {one.made_up > 0 && <span className="soft">you saw the recording</span>}
                  {status ? (
                    <Badge tone={STATUSES[status].tone}>{STATUSES[status].label}</Badge>
                  ) : (
                    <span className="soft">before you were in the course</span>
                  )}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
