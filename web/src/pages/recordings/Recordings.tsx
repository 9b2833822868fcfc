/** The recordings: found by words and status, newest first. */
import { useCallback, useDeferredValue, useEffect, useState } from "react";
import { Link } from "wouter";
import type { Recording, RecordingStatus } from "../../api/recordings";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { bytes, clock, moment } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { useApi } from "../../session/Session";
import "./Recordings.css";
import { STATUSES } from "./status";

const PAGE = 30;
const FRESH_MS = 10_000;
const TYPING_MS = 250;
const FILTERS: readonly RecordingStatus[] = ["ready", "recording", "interrupted", "failed"];

export function Recordings() {
  useTitle("Recordings");
  const { recordings } = useApi();
  const [words, setWords] = useState("");
  const [status, setStatus] = useState<RecordingStatus | "">("");
  const [shown, setShown] = useState(PAGE);
  const q = useSettled(words.trim());
  const load = useCallback(
    (signal: AbortSignal) => recordings.list({ q, status: status || undefined, limit: shown }, signal),
    [recordings, q, status, shown],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const list = useDeferredValue(data);
  const filtered = q !== "" || status !== "";
  const clear = () => {
    setWords("");
    setStatus("");
  };
  return (
    <AppShell>
      <div className="page-head">
        <h1>Recordings</h1>
        <search className="finder">
          <span className="finder-words">
            <Icon name="search" size={18} />
            <input
              className="field-input"
              type="search"
              placeholder="Search"
              aria-label="Search recordings"
              value={words}
              onChange={(event) => setWords(event.target.value)}
              data-testid="search"
            />
          </span>
          <select
            className="field-input field-select"
            aria-label="Status"
            value={status}
            onChange={(event) => setStatus(event.target.value as RecordingStatus | "")}
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
      </div>
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
          {list.total} recordings
        </p>
      )}
      {list?.recordings.length === 0 && <Nothing filtered={filtered} onClear={clear} />}
      {list && list.recordings.length > 0 && (
        <ul className="recordings" data-testid="recordings">
          {list.recordings.map((recording) => (
            <Row key={recording.recording_id} recording={recording} />
          ))}
        </ul>
      )}
      {list && list.recordings.length < list.total && list.recordings.length >= shown && shown < 200 && (
        <p className="recordings-more">
          <Button onClick={() => setShown(Math.min(200, shown + PAGE))}>Show more</Button>
        </p>
      )}
    </AppShell>
  );
}

/** `value` once it has not changed for a moment, so that not every key asks the server. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPING_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  if (filtered) {
    return (
      <EmptyState icon="search" title="Nothing found" action={<Button onClick={onClear}>Show all</Button>}>
        No recording matches these words and this status.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="film" title="No recordings yet" action={<ButtonLink href="/">To the rooms</ButtonLink>}>
      Press Record in a room's studio. The recording can be watched the moment it is stopped.
    </EmptyState>
  );
}

function Row({ recording }: { recording: Recording }) {
  const { recording_id, title, status, started_at, duration_seconds, file_size_bytes } = recording;
  const running = status === "recording";
  return (
    <li>
      <Link
        href={`/recordings/${recording_id}`}
        className="recording"
        data-testid={`recording-${recording_id}`}
      >
        <span className={running ? "recording-sign recording-running" : "recording-sign"} aria-hidden="true">
          <Icon name="play" size={20} />
        </span>
        <span className="recording-words">
          <span className="recording-title">{title || "Untitled"}</span>
          <span className="recording-facts">
            {status !== "ready" && (
              <Badge tone={STATUSES[status].tone} pulse={running}>
                {STATUSES[status].label}
              </Badge>
            )}
            <span className="recording-origin">
              {[moment(started_at), file_size_bytes ? bytes(file_size_bytes) : null]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </span>
        </span>
        {duration_seconds > 0 && <span className="recording-length numbers">{clock(duration_seconds)}</span>}
      </Link>
    </li>
  );
}
