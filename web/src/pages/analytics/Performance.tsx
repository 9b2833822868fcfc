/** The recordings of a course as the class watches them. */
import { Link } from "wouter";
import type { LecturePerformance, PerformanceReport } from "../../api/analytics";
import { Badge, type BadgeTone } from "../../design/Badge";
import { type Column, DataTable } from "./DataTable";
import { SaveReport } from "./SaveReport";
import { Share } from "./Share";
import { time } from "./words";

const RATINGS: Readonly<
  Record<LecturePerformance["performance_rating"], { label: string; tone: BadgeTone }>
> = {
  excellent: { label: "Excellent", tone: "accent" },
  good: { label: "Good", tone: "accent" },
  average: { label: "Average", tone: "neutral" },
  poor: { label: "Poor", tone: "warn" },
};

const COLUMNS: readonly Column<LecturePerformance>[] = [
  {
    name: "title",
    label: "Recording",
    words: true,
    cell: ({ title, recording_id }) => <Link href={`/recordings/${recording_id}/analytics`}>{title}</Link>,
    order: ({ title }) => title,
  },
  {
    name: "completion",
    label: "Watched",
    title: "over the whole class",
    cell: ({ completion }) => <Share value={completion} />,
    order: ({ completion }) => completion,
  },
  {
    name: "rating",
    label: "Rating",
    title: "excellent from 80 % watched, good from 60, average from 30",
    cell: ({ performance_rating: rating }) => (
      <Badge tone={RATINGS[rating].tone}>{RATINGS[rating].label}</Badge>
    ),
    order: ({ completion }) => completion,
  },
  { name: "viewers", label: "Viewers", cell: ({ viewers }) => viewers, order: ({ viewers }) => viewers },
  {
    name: "completed",
    label: "Completed",
    cell: ({ completed }) => completed,
    order: ({ completed }) => completed,
  },
  {
    name: "time",
    label: "Time",
    cell: ({ watch_time_seconds: seconds }) => time(seconds),
    order: ({ watch_time_seconds: seconds }) => seconds,
  },
  {
    name: "stalls",
    label: "Stalls",
    cell: ({ buffer_events }) => buffer_events,
    order: ({ buffer_events }) => buffer_events,
  },
];

export function Performance({ report }: { report: PerformanceReport }) {
  if (report.lectures.length === 0) return null;
  return (
    <section className="analytics-part" aria-labelledby="performance-title">
      <div className="analytics-part-head">
        <h2 id="performance-title">Recordings</h2>
        <SaveReport name="performance" />
      </div>
      <DataTable
        label="Recordings"
        rows={report.lectures}
        columns={COLUMNS}
        keyOf={({ recording_id }) => recording_id}
        testId="performance"
      />
      {report.recommendations.length > 0 && (
        <ul className="soft analytics-note">
          {report.recommendations.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
