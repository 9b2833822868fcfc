/** One recording: play it, name it, take it along, throw it away. */
import { useCallback, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import type { Recording } from "../../api/recordings";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { EmptyState } from "../../design/EmptyState";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { bytes, duration, moment } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { isAdmin, isOwn, useApi, useSession } from "../../session/Session";
import { Figures } from "../Figures";
import { isPlayable, STATUSES } from "../recordings/status";
import { Actions } from "./Actions";
import "./Player.css";
import { keptPosition } from "./position";
import { SHORTCUTS } from "./shortcuts";
import { attachSource } from "./source";
import { Title } from "./Title";
import { usePlayback } from "./usePlayback";
import { VideoFrame } from "./VideoFrame";

const FRESH_MS = 10_000;

export function Player({ id }: { id: string }) {
  const { recordings } = useApi();
  const load = useCallback((signal: AbortSignal) => recordings.get(id, signal), [recordings, id]);
  const { data, error, missing, reload, setData } = useLoaded(load, FRESH_MS);
  useTitle(data?.title ?? "Recording");
  if (missing) return <RecordingMissing />;
  return (
    <AppShell wide>
      {data && <PlayerOf recording={data} onChange={setData} />}
      {!data && !error && <Loading label="Opening the recording" />}
      {!data && error && (
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
    </AppShell>
  );
}

function PlayerOf({
  recording,
  onChange,
}: {
  recording: Recording;
  onChange: (recording: Recording) => void;
}) {
  const { recording_id, room_name, title, status, started_at, duration_seconds, file_size_bytes } = recording;
  const { state } = useSession();
  const mayChange = isAdmin(state) || isOwn(state, recording.started_by);
  const facts = [
    room_name,
    moment(started_at),
    duration_seconds ? duration(duration_seconds) : null,
    file_size_bytes ? bytes(file_size_bytes) : null,
    recording.resolution?.replace("x", " × "),
  ];
  return (
    <div className="recording-page">
      {isPlayable(status) && recording.playback_url ? (
        <Playing key={recording_id} id={recording_id} url={recording.playback_url} title={title} />
      ) : (
        <Unplayable recording={recording} />
      )}
      <div className="page-head recording-head">
        <div className="page-head-words">
          <Link href="/recordings" className="back-link">
            <Icon name="back" size={16} />
            Recordings
          </Link>
          <Title recording={recording} mayChange={mayChange} onChange={onChange} />
          <p className="recording-facts-line">
            {status !== "ready" && (
              <Badge tone={STATUSES[status].tone} pulse={status === "recording"}>
                {STATUSES[status].label}
              </Badge>
            )}
            {facts.filter(Boolean).join(" · ")}
          </p>
        </div>
        <Actions recording={recording} mayChange={mayChange} />
      </div>
      {recording.message && <Notice>{recording.message}</Notice>}
      {status === "interrupted" && (
        <Notice title="This recording was cut short">
          {recording.error_message ??
            "The server stopped while it was being made. It plays up to that moment."}
        </Notice>
      )}
    </div>
  );
}

function Unplayable({ recording }: { recording: Recording }) {
  const running = recording.status === "recording";
  return (
    <div className="player">
      <div className="player-none" role="status" data-testid="unplayable">
        <Icon name={running ? "film" : "warning"} size={30} />
        <strong>{running ? "It has just begun" : STATUSES[recording.status].label}</strong>
        <p>
          {recording.error_message ??
            (running ? "It can be watched in a few seconds." : "There is nothing to play.")}
        </p>
      </div>
    </div>
  );
}

function Playing({ id, url, title }: { id: string; url: string; title: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [helping, setHelping] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const toggleHelp = useCallback(() => setHelping((shown) => !shown), []);
  const playback = usePlayback(id, video, frame, toggleHelp);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt attaches the source anew
  useEffect(() => {
    if (!video.current) return;
    setFailure(null);
    return attachSource(video.current, { url, start_s: keptPosition(id), onFailure: setFailure });
  }, [id, url, attempt]);
  return (
    <>
      <VideoFrame frame={frame} video={video} playback={playback} title={title} />
      {failure && (
        <Notice
          tone="wrong"
          testId="play-problem"
          action={
            <Button size="small" onClick={() => setAttempt(attempt + 1)}>
              Try again
            </Button>
          }
        >
          {failure}
        </Notice>
      )}
      <Dialog title="Keys" open={helping} onClose={() => setHelping(false)}>
        <Figures figures={SHORTCUTS} />
      </Dialog>
    </>
  );
}

function RecordingMissing() {
  return (
    <AppShell>
      <EmptyState
        icon="film"
        title="There is no such recording"
        action={<ButtonLink href="/recordings">To the recordings</ButtonLink>}
      >
        It may have been deleted, or the link is not complete.
      </EmptyState>
    </AppShell>
  );
}
