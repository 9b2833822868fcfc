/** One recording: play it, name it, share it, take it along, throw it away. */
import { useMemo, useRef, useState } from "react";
import { Link, Redirect } from "wouter";
import { batchSender } from "../../analytics/events";
import { HttpClient } from "../../api/http";
import {
  type Recording,
  type RecordingStatus,
  type RecordingsApi,
  recordingsApi,
} from "../../api/recordings";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { bytes, day, duration, moment } from "../../format";
import { useTitle } from "../../hooks/useTitle";
import { useAccount, useApi } from "../../session/Session";
import { Jobs } from "../recordings/jobs/Jobs";
import { useJobs } from "../recordings/jobs/useJobs";
import { isPlayable, STATUSES, VISIBILITIES } from "../recordings/status";
import { Actions } from "./Actions";
import { CaptionsDialog } from "./CaptionsDialog";
import "./Player.css";
import { InTrash } from "./InTrash";
import { Playing } from "./Playing";
import { ShareDialog } from "./ShareDialog";
import { Title } from "./Title";
import type { Told } from "./useProgress";
import { useRecording, type Watched } from "./useRecording";

/** For people with an account, and for everybody where rooms are open. */
export function Player({ id }: { id: string }) {
  const { recordings, http } = useApi();
  const account = useAccount();
  const watched = useRecording(recordings, id, account !== null);
  const told = useMemo<Told | null>(
    () => (account ? { account, send: batchSender(http) } : null),
    [account, http],
  );
  return <PlayerPage watched={watched} recordings={recordings} told={told} inside />;
}

/** For who came by a link, or to a recording that is public. */
export function SharedPlayer({ id, token }: { id: string; token: string | null }) {
  const recordings = useMemo(() => recordingsApi(clientWith(token)), [token]);
  const watched = useRecording(recordings, id, false);
  const { data, error, code } = watched.recording;
  if (!data && error && token === null) return <Redirect to={`/sign-in?next=/recordings/${id}`} replace />;
  if (code === "token_revoked" || code === "token_expired" || code === "token_invalid") return <LinkEnded />;
  return <PlayerPage watched={watched} recordings={recordings} told={null} inside={false} />;
}

/** Requests with the token of a link, which is renewed by nobody. */
function clientWith(token: string | null): HttpClient {
  return new HttpClient((input, init) => {
    const headers = new Headers(init?.headers);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    return globalThis.fetch(input, { ...init, headers });
  });
}

interface PageProps {
  watched: Watched;
  recordings: RecordingsApi;
  told: Told | null;
  inside: boolean;
}

function PlayerPage({ watched, ...rest }: PageProps) {
  const { data, error, missing, reload } = watched.recording;
  useTitle(data?.title ?? "Recording");
  if (missing) return <RecordingMissing />;
  return (
    <AppShell wide>
      {data && watched.more && <PlayerOf watched={watched} recording={data} more={watched.more} {...rest} />}
      {!(data && watched.more) && !error && <Loading label="Opening the recording" />}
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
  watched,
  recording,
  more,
  recordings,
  told,
  inside,
}: PageProps & { recording: Recording; more: NonNullable<Watched["more"]> }) {
  const { recording_id, title, status, may } = recording;
  const video = useRef<HTMLVideoElement>(null);
  const now_s = () => video.current?.currentTime ?? 0;
  const [sharing, setSharing] = useState(false);
  const [captioning, setCaptioning] = useState(false);
  const onChange = watched.recording.setData;
  const about = (
    <>
      <div className="page-head recording-head">
        <div className="page-head-words">
          {inside && (
            <Link href="/recordings" className="back-link">
              <Icon name="back" size={16} />
              Recordings
            </Link>
          )}
          <Title recording={recording} mayChange={may.update} onChange={onChange} />
          <Facts recording={recording} />
        </div>
        <Actions
          recording={recording}
          onShare={may.share && status !== "deleted" ? () => setSharing(true) : undefined}
          onChange={onChange}
          onCaptions={may.annotate && status !== "deleted" ? () => setCaptioning(true) : undefined}
          now_s={now_s}
          mayCopy={status !== "deleted" && (inside || recording.visibility === "public")}
        />
      </div>
      {inside && may.update && <JobsOf recording={recording} />}
      {recording.description && <p className="recording-description">{recording.description}</p>}
      {recording.message && <Notice>{recording.message}</Notice>}
      {status === "interrupted" && (
        <Notice title="This recording was cut short">
          {recording.error_message ??
            "The server stopped while it was being made. It plays up to that moment."}
        </Notice>
      )}
    </>
  );
  return (
    <div className="recording-page">
      {isPlayable(status) && recording.playback_url ? (
        <Playing
          key={recording_id}
          id={recording_id}
          video={video}
          url={recording.playback_url}
          title={title}
          grows={status === "recording" || status === "finalizing"}
          hasTracks={inside && recording.layout !== "program" && isOver(status)}
          recordings={recordings}
          told={told}
          progress={more.progress}
          chapters={more.chapters}
          captions={more.captions}
          mayAnnotate={may.annotate}
          onChapters={watched.reloadMore}
        >
          {about}
        </Playing>
      ) : (
        <>
          {status === "deleted" ? (
            <InTrash recording={recording} onChange={onChange} />
          ) : (
            <Unplayable recording={recording} />
          )}
          {about}
        </>
      )}
      <ShareDialog
        recording={recording}
        now_s={now_s}
        open={sharing}
        onClose={() => setSharing(false)}
        onChange={onChange}
      />
      <CaptionsDialog
        id={recording_id}
        captions={more.captions}
        open={captioning}
        onClose={() => setCaptioning(false)}
        onChange={watched.reloadMore}
      />
    </div>
  );
}

function JobsOf({ recording }: { recording: Recording }) {
  const jobs = useJobs([recording]);
  return <Jobs title={recording.title} jobs={jobs.of(recording.recording_id)} onChange={jobs.reload} />;
}

const isOver = (status: RecordingStatus) => status === "ready" || status === "interrupted";

function Facts({ recording }: { recording: Recording }) {
  const { status, visibility, room_name, started_at, duration_seconds, file_size_bytes, expires_at } =
    recording;
  const facts = [
    room_name,
    moment(started_at),
    duration_seconds ? duration(duration_seconds) : null,
    file_size_bytes ? bytes(file_size_bytes) : null,
    recording.resolution?.replace("x", " × "),
    expires_at && status !== "deleted" ? `kept until ${day(expires_at)}` : null,
  ];
  return (
    <p className="recording-facts-line">
      {status !== "ready" && (
        <Badge tone={STATUSES[status].tone} pulse={status === "recording"}>
          {STATUSES[status].label}
        </Badge>
      )}
      {visibility !== "members" && <Badge>{VISIBILITIES[visibility]}</Badge>}
      {facts.filter(Boolean).join(" · ")}
    </p>
  );
}

function Unplayable({ recording }: { recording: Recording }) {
  const running = recording.status === "recording";
  return (
    <div className="player">
      <div className="player-main player-none" role="status" data-testid="unplayable">
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

function LinkEnded() {
  return (
    <AppShell>
      <EmptyState icon="link" title="This link is not good any more">
        Ask who sent it for another. With an account, sign in.
      </EmptyState>
    </AppShell>
  );
}
