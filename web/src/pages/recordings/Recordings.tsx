/** The recordings: found by words and status, newest first. */
import { useCallback, useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { MAX_PAGE, readFirst } from "../../api/pages";
import type { ListedRecording, MyProgress, RecordingStatus } from "../../api/recordings";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { SearchInput } from "../../design/SearchInput";
import { Loading } from "../../design/Spinner";
import { bytes, clock, moment, plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useSettled } from "../../hooks/useSettled";
import { useTitle } from "../../hooks/useTitle";
import { mayTeach, useApi, useSession } from "../../session/Session";
import { Jobs } from "./jobs/Jobs";
import { type SeenJobs, useJobs } from "./jobs/useJobs";
import "./Recordings.css";
import { STATUSES, VISIBILITIES } from "./status";
import { Thumbnail } from "./Thumbnail";
import { Usage } from "./Usage";

const PAGE = 30;
const FRESH_MS = 10_000;
/** A list this long is read anew less often: it takes several requests. */
const LONG = MAX_PAGE;
const LONG_FRESH_MS = 60_000;
const FILTERS: readonly RecordingStatus[] = ["ready", "recording", "interrupted", "failed"];

export function Recordings() {
  useTitle("Recordings");
  const { recordings } = useApi();
  const { state: session } = useSession();
  const [words, setWords] = useState("");
  const [status, setStatus] = useState<RecordingStatus | "">("");
  const [shown, setShown] = useState(PAGE);
  const q = useSettled(words.trim());
  const load = useCallback(
    async (signal: AbortSignal) => {
      let total = 0;
      const found = await readFirst(shown, async (page) => {
        const answer = await recordings.list({ q, status: status || undefined, ...page }, signal);
        total = answer.total;
        return answer;
      });
      return { ...found, total };
    },
    [recordings, q, status, shown],
  );
  const { data, error, reload } = useLoaded(load, shown > LONG ? LONG_FRESH_MS : FRESH_MS);
  const list = useDeferredValue(data);
  const jobs = useJobs(list?.items ?? []);
  const filtered = q !== "" || status !== "";
  // Another search begins with its first page.
  const search = (change: () => void) => {
    change();
    setShown(PAGE);
  };
  const clear = () => {
    setWords("");
    setStatus("");
  };
  return (
    <AppShell>
      <div className="page-head">
        <h1>Recordings</h1>
        <search className="finder">
          <SearchInput
            label="Search recordings"
            value={words}
            onChange={(text) => search(() => setWords(text))}
            testId="search"
          />
          <select
            className="field-input field-select"
            aria-label="Status"
            value={status}
            onChange={(event) => search(() => setStatus(event.target.value as RecordingStatus | ""))}
            data-testid="status-filter"
          >
            <option value="">All</option>
            {FILTERS.map((name) => (
              <option key={name} value={name}>
                {STATUSES[name].label}
              </option>
            ))}
          </select>
        </search>
        {mayTeach(session) && (
          <span className="to-trash">
            <ButtonLink href="/recordings/trash" icon="trash" testId="to-trash">
              Trash
            </ButtonLink>
          </span>
        )}
      </div>
      <Usage />
      {error && (
        <Notice
          tone="wrong"
          action={
            <Button size="small" onClick={() => void reload()}>
              Try again
            </Button>
          }
        >
          {error}
        </Notice>
      )}
      {!data && !error && <Loading label="Loading recordings" />}
      {list && (
        <p className="visually-hidden" role="status">
          {plural(list.total, "recording", "recordings")}
        </p>
      )}
      {list?.items.length === 0 && <Nothing filtered={filtered} onClear={clear} />}
      {list && list.items.length > 0 && (
        <ul className="recordings" data-testid="recordings">
          {list.items.map((recording) => (
            <Row key={recording.recording_id} recording={recording} jobs={jobs} />
          ))}
        </ul>
      )}
      {list?.more && (
        <p className="list-more">
          <Button
            busy={list.asked < shown}
            onClick={() => setShown(shown + PAGE)}
            data-testid="recordings-more"
          >
            Show more
          </Button>
          <span className="soft">
            {list.items.length} of {list.total}
          </span>
        </p>
      )}
    </AppShell>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const teaches = mayTeach(useSession().state);
  if (filtered) {
    return (
      <EmptyState icon="search" title="Nothing found" action={<Button onClick={onClear}>Show all</Button>}>
        No recording matches these words and this status.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="film" title="No recordings yet" action={<ButtonLink href="/">Home</ButtonLink>}>
      {teaches
        ? "Press Record in a class, or in a room's studio. The recording can be watched the moment it is stopped."
        : "Those of your classes appear here as soon as they are published."}
    </EmptyState>
  );
}

function Row({ recording, jobs }: { recording: ListedRecording; jobs: SeenJobs }) {
  const { recording_id, title, room_name, status, started_at, duration_seconds, file_size_bytes } = recording;
  const { visibility, progress } = recording;
  const running = status === "recording";
  return (
    <li>
      <Link
        href={`/recordings/${recording_id}`}
        className="recording"
        data-testid={`recording-${recording_id}`}
      >
        <Thumbnail recording={recording} />
        <span className="recording-words">
          <span className="recording-title">{title || "Untitled"}</span>
          <span className="recording-facts">
            {status !== "ready" && (
              <Badge tone={STATUSES[status].tone} pulse={running}>
                {STATUSES[status].label}
              </Badge>
            )}
            {visibility !== "members" && <Badge>{VISIBILITIES[visibility]}</Badge>}
            <span className="recording-origin">
              {[room_name, moment(started_at)].filter(Boolean).join(" · ")}
            </span>
            {file_size_bytes > 0 && <span className="recording-size">{bytes(file_size_bytes)}</span>}
          </span>
        </span>
        <span className="recording-end">
          {duration_seconds > 0 && (
            <span className="recording-length numbers">{clock(duration_seconds)}</span>
          )}
          {progress && !running && <Watched progress={progress} />}
        </span>
      </Link>
      <Jobs title={title} jobs={jobs.of(recording_id)} onChange={jobs.reload} />
    </li>
  );
}

/** How far the person is with it. */
function Watched({ progress }: { progress: MyProgress }) {
  const percent = Math.floor(progress.progress * 100);
  if (progress.completed) {
    return (
      <span className="recording-watched" data-testid="watched">
        <Icon name="check" size={16} />
        Watched
      </span>
    );
  }
  return (
    <span className="recording-watched" data-testid="watched">
      <progress className="recording-bar" max={100} value={percent} aria-label="Watched" />
      <span className="numbers">{percent} %</span>
    </span>
  );
}
