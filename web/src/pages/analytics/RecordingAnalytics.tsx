/** How a recording is watched: where, how far, by whom. */
import { useCallback, useMemo } from "react";
import { Link, useLocation } from "wouter";
import type { Lecture, Viewer } from "../../api/analytics";
import { readFirst } from "../../api/pages";
import { Chart } from "../../charts/Chart";
import { csvTable } from "../../csv";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { Card } from "../../design/Card";
import { EmptyState } from "../../design/EmptyState";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { clock, moment, plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { useApi } from "../../session/Session";
import { saveText } from "../save_file";
import "../../design/Lists.css";
import "./Analytics.css";
import { type Column, DataTable } from "./DataTable";
import { dropOffOf, heatOf } from "./lecture_charts";
import { Share } from "./Share";
import { Tiles } from "./Tiles";
import { count, percent, time } from "./words";

const FRESH_MS = 60_000;
/** So many are read at most: five requests. */
const VIEWERS = 1000;

export function RecordingAnalytics({ id }: { id: string }) {
  const { recordings, analytics } = useApi();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [recording, lecture, viewers] = await Promise.all([
        recordings.get(id, signal),
        analytics.lecture(id, signal),
        readFirst(VIEWERS, (page) => analytics.viewers(id, page, signal)),
      ]);
      return { recording, lecture, viewers };
    },
    [recordings, analytics, id],
  );
  const { data, error, missing, code } = useLoaded(load, FRESH_MS);
  useTitle(data ? `How “${data.recording.title}” is watched` : "How it is watched");
  if (missing || code === "not_your_recording") return <NotForYou id={id} missing={missing} />;
  return (
    <AppShell>
      {!data && !error && <Loading label="Loading the figures" />}
      {error && <Notice tone="wrong">{error}</Notice>}
      {data && (
        <div data-testid="recording-analytics">
          <div className="page-head">
            <div className="page-head-words">
              <Link href={`/recordings/${id}`} className="back-link">
                <Icon name="back" size={16} />
                {data.recording.title || "Untitled"}
              </Link>
              <h1>How it is watched</h1>
            </div>
            {data.recording.may.share && (
              <ButtonLink href={`/recordings/${id}/access`} icon="eye">
                Who watched
              </ButtonLink>
            )}
          </div>
          <Figures lecture={data.lecture} />
          <Where id={id} lecture={data.lecture} />
          <People viewers={data.viewers.items} more={data.viewers.more} />
        </div>
      )}
    </AppShell>
  );
}

function NotForYou({ id, missing }: { id: string; missing: boolean }) {
  return (
    <AppShell>
      <EmptyState
        page
        icon="poll"
        title={missing ? "There is no such recording" : "These figures are not for you"}
        action={<ButtonLink href={missing ? "/recordings" : `/recordings/${id}`}>Back</ButtonLink>}
      >
        {missing
          ? "It may have been deleted, or the link is not complete."
          : "How a recording is watched is seen by who made it and by the staff of its course."}
      </EmptyState>
    </AppShell>
  );
}

function Figures({ lecture }: { lecture: Lecture }) {
  const qualities = Object.entries(lecture.quality_distribution)
    .sort(([, one], [, other]) => other - one)
    .map(([name, share]) => `${name} ${percent(share * 100)}`);
  return (
    <Tiles
      testId="lecture-figures"
      figures={[
        {
          label: "Viewers",
          value: count(lecture.unique_viewers),
          note: `opened ${plural(lecture.total_views ?? 0, "time", "times")}, ${count(lecture.peak_concurrent_viewers)} at once at most`,
        },
        {
          label: "Completed",
          value: percent(lecture.completion_rate),
          note: `of its viewers have seen ${percent(lecture.completion_ratio * 100)}`,
        },
        {
          label: "Watched of it",
          value: percent(lecture.average_completion),
          note: "on average, every part once",
        },
        {
          label: "Time with it",
          value: time(lecture.avg_watch_time_seconds),
          note: `each on average, of ${clock(lecture.duration_seconds)}`,
        },
        {
          label: "Stalls",
          value: count(lecture.total_buffer_events),
          note: qualities.join(", ") || "in all sessions",
        },
      ]}
    />
  );
}

function Where({ id, lecture }: { id: string; lecture: Lecture }) {
  const [, go] = useLocation();
  const heat = useMemo(() => heatOf(lecture), [lecture]);
  const drop = useMemo(() => dropOffOf(lecture), [lecture]);
  const play = (index: number) => go(`/recordings/${id}?t=${Math.floor(lecture.heatmap[index]?.start ?? 0)}`);
  const nothing = "Nobody has watched it yet.";
  return (
    <div className="analytics-charts">
      <Card>
        <Chart
          title="How often each part is played"
          {...heat}
          empty={nothing}
          onPick={play}
          pickWords="play from there"
          testId="heat"
        />
      </Card>
      <Card>
        <Chart
          title="How far they come"
          {...drop}
          empty={nothing}
          onPick={play}
          pickWords="play from there"
          testId="drop-off"
        />
      </Card>
    </div>
  );
}

const COLUMNS: readonly Column<Viewer>[] = [
  { name: "name", label: "Name", words: true, cell: ({ name }) => name, order: ({ name }) => name },
  {
    name: "completion",
    label: "Watched",
    cell: ({ completion_percentage: share }) => <Share value={share} />,
    order: ({ completion_percentage: share }) => share,
  },
  {
    name: "completed",
    label: "Completed",
    cell: ({ completed_at }) =>
      completed_at ? (
        <Badge tone="accent">{moment(completed_at)}</Badge>
      ) : (
        <span className="soft">not yet</span>
      ),
    order: ({ completed_at }) => completed_at,
  },
  {
    name: "time",
    label: "Time",
    title: "watching again included",
    cell: ({ total_watch_time_seconds: seconds }) => time(seconds),
    order: ({ total_watch_time_seconds: seconds }) => seconds,
  },
  {
    name: "sessions",
    label: "Opened",
    cell: ({ sessions_count }) => sessions_count,
    order: ({ sessions_count }) => sessions_count,
  },
  {
    name: "last",
    label: "Last",
    cell: ({ last_watched }) => moment(last_watched),
    order: ({ last_watched }) => last_watched,
  },
];

function People({ viewers, more }: { viewers: readonly Viewer[]; more: boolean }) {
  const save = () => {
    const head = ["name", "email", "completion_percentage", "watched_seconds", "total_watch_time_seconds"];
    const rows = viewers.map((one) => [
      one.name,
      one.email,
      one.completion_percentage,
      one.watched_seconds,
      one.total_watch_time_seconds,
      one.completed_at ?? "",
      one.last_watched,
      one.sessions_count,
    ]);
    saveText(
      csvTable([...head, "completed_at", "last_watched", "sessions_count"], rows),
      "viewers.csv",
      "text/csv",
    );
  };
  return (
    <section className="analytics-part" aria-labelledby="viewers-title">
      <div className="analytics-part-head">
        <h2 id="viewers-title">Viewers</h2>
        {viewers.length > 0 && (
          <Button icon="download" size="small" onClick={save} data-testid="save-viewers">
            Save as CSV
          </Button>
        )}
      </div>
      {viewers.length === 0 ? (
        <EmptyState icon="users" title="Nobody yet">
          Who watches it with an account is listed here, with how far they came.
        </EmptyState>
      ) : (
        <DataTable
          label="Viewers"
          rows={viewers}
          columns={COLUMNS}
          keyOf={({ user_id }) => user_id}
          testId="viewers"
        />
      )}
      <p className="soft analytics-note">
        {more && `Only ${VIEWERS} of them are listed, the newest accounts. `}
        People of your courses that it is filed in are listed by name; all others are only counted above.
      </p>
    </section>
  );
}
