/** Who takes part: both scores, with everything that they are made of beside them. */
import type { EngagementReport, StudentEngagement } from "../../api/analytics";
import { EmptyState } from "../../design/EmptyState";
import { moment } from "../../format";
import { type Column, DataTable } from "./DataTable";
import { SaveReport } from "./SaveReport";
import { count, percent, TRENDS, time } from "./words";

type Row = StudentEngagement;

const counted = (name: keyof Row & string, label: string, title?: string): Column<Row> => ({
  name,
  label,
  ...(title && { title }),
  cell: (row) => count(row[name] as number | null),
  order: (row) => row[name] as number | null,
});

const shared = (name: keyof Row & string, label: string, title?: string): Column<Row> => ({
  ...counted(name, label, title),
  cell: (row) => percent(row[name] as number | null),
});

const timed = (name: keyof Row & string, label: string, title?: string): Column<Row> => ({
  ...counted(name, label, title),
  cell: (row) => time(row[name] as number | null),
});

const COLUMNS: readonly Column<Row>[] = [
  {
    name: "student",
    label: "Student",
    words: true,
    cell: ({ student_name, student_email }) => <span title={student_email}>{student_name}</span>,
    order: ({ student_name }) => student_name,
  },
  counted("engagement_score", "Score", "0 to 100: the mean of the next three, of those that there are"),
  shared("attendance_rate", "Attendance", "by points, of the classes held"),
  shared("average_completion", "Watched", "of the course's recordings, on average"),
  shared("participation_rate", "Took part", "slices of five minutes with talk or any act"),
  counted(
    "activity_score",
    "Activity",
    "BigBlueButton's, 0 to 10, against the most lively; from what follows",
  ),
  timed("talk_seconds", "Talk"),
  counted("messages", "Messages"),
  counted("hands", "Hands"),
  counted("reactions", "Reactions"),
  counted("poll_answers", "Votes"),
  timed("watch_time_seconds", "Recordings", "time with them, watching again included"),
  counted("recordings_completed", "Completed", "recordings seen as far as the course asks for"),
  shared("grade_percent", "Grade", "to date, of what is released"),
  {
    name: "trend",
    label: "This week",
    title: "time in class and with recordings, against the week before",
    cell: ({ trend_last_week }) => TRENDS[trend_last_week],
    order: ({ trend_last_week }) => ["decreasing", "stable", "increasing"].indexOf(trend_last_week),
  },
  {
    name: "seen",
    label: "Last seen",
    cell: ({ last_seen_at }) => (last_seen_at ? moment(last_seen_at) : "never"),
    order: ({ last_seen_at }) => last_seen_at,
  },
];

export function Engagement({ report }: { report: EngagementReport }) {
  const rows = report.student_engagement;
  return (
    <section className="analytics-part" aria-labelledby="engagement-title">
      <div className="analytics-part-head">
        <h2 id="engagement-title">Who takes part</h2>
        {rows.length > 0 && <SaveReport name="engagement" />}
      </div>
      {rows.length === 0 ? (
        <EmptyState icon="users" title="No students yet">
          Who is in the course is listed here with what they do in it.
        </EmptyState>
      ) : (
        <>
          <DataTable
            label="Who takes part"
            rows={rows}
            columns={COLUMNS}
            keyOf={({ student_id }) => student_id}
            testId="engagement"
          />
          <p className="soft analytics-note">
            “Took part” is the share of five-minute slices of the classes held in which somebody talked for
            two seconds or did anything. “Activity” is the score that BigBlueButton gives, relative to who was
            most lively, and 8 at most without votes: it compares within a class, not between classes.
          </p>
        </>
      )}
    </section>
  );
}
