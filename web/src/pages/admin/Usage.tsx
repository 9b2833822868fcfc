/** How much the server is used: people, classes and recordings by day, load by hour, recordings by course. */
import { useCallback, useMemo, useState } from "react";
import { Link } from "wouter";
import type { Anonymizing, CourseUsage, Usage as UsageOf } from "../../api/usage";
import { Chart } from "../../charts/Chart";
import { Card } from "../../design/Card";
import { EmptyState } from "../../design/EmptyState";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { bytes, duration, momentWithin, plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { AdminHead, AdminPage } from "./AdminPage";
import "./Usage.css";
import { classesOf, hoursOf, loadOf, peopleOf, recordedOf } from "./usage_charts";

const TERMS: ReadonlyArray<[days: number, label: string]> = [
  [7, "Last 7 days"],
  [30, "Last 30 days"],
  [90, "Last 90 days"],
  [365, "Last year"],
];
const FRESH_MS = 60_000;

export function Usage() {
  return (
    <AdminPage title="Usage">
      <UsageShown />
    </AdminPage>
  );
}

function UsageShown() {
  const { usage } = useApi();
  const [days, setDays] = useState(30);
  const load = useCallback((signal: AbortSignal) => usage.read(days, signal), [usage, days]);
  const { data, error } = useLoaded(load, FRESH_MS);
  return (
    <div data-testid="usage-page">
      <AdminHead title="Usage" lead="Days are in UTC, and today is counted as it goes.">
        <select
          className="field-input field-select"
          aria-label="Of which days"
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
        >
          {TERMS.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </AdminHead>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading usage" />}
      {data && <Charts usage={data} />}
      {data && <Courses courses={data.courses} />}
      {data && <ByName anonymizing={data.anonymizing} />}
    </div>
  );
}

function Charts({ usage }: { usage: UsageOf }) {
  const people = useMemo(() => peopleOf(usage), [usage]);
  const classes = useMemo(() => classesOf(usage), [usage]);
  const hours = useMemo(() => hoursOf(usage), [usage]);
  const recorded = useMemo(() => recordedOf(usage), [usage]);
  const load = useMemo(() => loadOf(usage.load), [usage]);
  return (
    <div className="usage-charts">
      <Card>
        <Chart title="People" {...people} testId="usage-people" />
      </Card>
      <Card>
        <Chart title="Classes" {...classes} testId="usage-classes" />
      </Card>
      <Card>
        <Chart title="Hours in classes" {...hours} testId="usage-hours" />
      </Card>
      <Card>
        <Chart title="Recordings made" {...recorded} testId="usage-recordings" />
      </Card>
      <Card className="usage-wide">
        <Chart
          title="Load"
          {...load}
          empty="Load is told from the first five minutes on."
          testId="usage-load"
        />
      </Card>
    </div>
  );
}

/** For how long figures lead to people. */
function ByName({
  anonymizing: { after_days, finished_at, courses, viewers },
}: {
  anonymizing: Anonymizing;
}) {
  const done = finished_at
    ? `All that was due was done ${momentWithin(finished_at)}: so far ${plural(courses, "course", "courses")} and ${plural(viewers, "viewer of a recording", "viewers of recordings")}.`
    : "The first round has not ended yet.";
  return (
    <section className="usage-by-name" aria-labelledby="usage-by-name" data-testid="usage-by-name">
      <h2 id="usage-by-name">Figures by name</h2>
      <p className="soft">
        {after_days === 0
          ? "Attendance and watching are kept by name as long as their course, recording or account (analytics.anonymize_after_days is 0)."
          : `${plural(after_days, "day", "days")} after somebody was last in a course, its figures become sums, and whose they were is not kept. ${done}`}
      </p>
    </section>
  );
}

function Courses({ courses }: { courses: readonly CourseUsage[] }) {
  return (
    <section aria-labelledby="usage-courses">
      <h2 id="usage-courses">Recordings by course</h2>
      {courses.length === 0 ? (
        <EmptyState icon="film" title="No course has recordings yet">
          What courses have of recordings is listed here, the most first.
        </EmptyState>
      ) : (
        <div className="usage-table">
          <table data-testid="usage-courses">
            <thead>
              <tr>
                <th scope="col">Course</th>
                <th scope="col">Recordings</th>
                <th scope="col">Time</th>
                <th scope="col">Size</th>
              </tr>
            </thead>
            <tbody>
              {courses.map((one) => (
                <tr key={one.course_id}>
                  <th scope="row">
                    <Link href={`/courses/${one.course_id}`}>{one.name}</Link>{" "}
                    <span className="soft">{one.code}</span>
                  </th>
                  <td className="numbers">{one.recordings}</td>
                  <td className="numbers">{duration(one.recording_minutes * 60)}</td>
                  <td className="numbers">{bytes(one.recording_bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
