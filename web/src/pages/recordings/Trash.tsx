/** The trash of recordings: brought back from there, or deleted for good. */
import { useCallback, useState } from "react";
import { Link } from "wouter";
import { readFirst } from "../../api/pages";
import type { ListedRecording, TrashContents } from "../../api/recordings";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { EmptyState } from "../../design/EmptyState";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { bytes, day, momentWithin, plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useTitle } from "../../hooks/useTitle";
import { isAdmin, useApi, useSession } from "../../session/Session";
import { DeleteForGood } from "./DeleteForGood";
import "./Recordings.css";
import "./Trash.css";

const PAGE = 30;
const FRESH_MS = 10_000;

export function Trash() {
  useTitle("Trash");
  const { recordings } = useApi();
  const { state } = useSession();
  const [shown, setShown] = useState(PAGE);
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [contents, found] = await Promise.all([
        recordings.trash(signal),
        readFirst(shown, (page) => recordings.list({ status: "deleted", ...page }, signal)),
      ]);
      return { contents, ...found };
    },
    [recordings, shown],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  return (
    <AppShell>
      <div className="page-head">
        <div className="page-head-words">
          <Link href="/recordings" className="back-link">
            <Icon name="back" size={16} />
            Recordings
          </Link>
          <h1>Trash</h1>
          {data && data.contents.count > 0 && <Told contents={data.contents} everybodys={isAdmin(state)} />}
        </div>
        {data && data.contents.count > data.contents.being_deleted && (
          <Empty contents={data.contents} everybodys={isAdmin(state)} onDone={() => void reload()} />
        )}
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
      {!data && !error && <Loading label="Looking into the trash" />}
      {data?.items.length === 0 && (
        <EmptyState
          icon="trash"
          title="The trash is empty"
          action={<ButtonLink href="/recordings">To the recordings</ButtonLink>}
        >
          A recording that you delete lies here until it is restored or deleted for good.
        </EmptyState>
      )}
      {data && data.items.length > 0 && (
        <ul className="recordings" data-testid="trash">
          {data.items.map((one) => (
            <Row key={one.recording_id} recording={one} onDone={() => void reload()} />
          ))}
        </ul>
      )}
      {data?.more && (
        <p className="list-more">
          <Button busy={data.asked < shown} onClick={() => setShown(shown + PAGE)}>
            Show more
          </Button>
        </p>
      )}
    </AppShell>
  );
}

function Told({ contents, everybodys }: { contents: TrashContents; everybodys: boolean }) {
  const { count, used_bytes, keep_days } = contents;
  return (
    <p className="soft" data-testid="trash-contents">
      {plural(count, "recording", "recordings")}
      {everybodys && " of everybody"}, {bytes(used_bytes)}.{" "}
      {count === 1 ? "It counts in quotas." : "They count in quotas."}
      {keep_days > 0 &&
        ` After ${plural(keep_days, "day", "days")} here ${count === 1 ? "it is" : "they are"} deleted for good.`}
    </p>
  );
}

interface EmptyProps {
  contents: TrashContents;
  everybodys: boolean;
  onDone: () => void;
}

function Empty({ contents, everybodys, onDone }: EmptyProps) {
  const { recordings } = useApi();
  const task = useTask();
  const [asked, setAsked] = useState(false);
  const empty = async () => {
    if (!(await task.run(() => recordings.emptyTrash(), "The trash is being emptied."))) return;
    setAsked(false);
    onDone();
  };
  return (
    <>
      <Button icon="trash" onClick={() => setAsked(true)} data-testid="empty-trash">
        Empty the trash
      </Button>
      <Dialog title="Empty the trash?" open={asked} onClose={() => setAsked(false)}>
        <p className="soft">
          {plural(contents.count, "recording", "recordings")}
          {everybodys && ", of everybody,"} with {bytes(contents.used_bytes)} will be gone for good, with{" "}
          {contents.count === 1 ? "its" : "their"} captions, chapters, links and figures. Nobody can bring{" "}
          {contents.count === 1 ? "it" : "them"} back.
        </p>
        <DialogActions>
          <Button onClick={() => setAsked(false)}>{contents.count === 1 ? "Keep it" : "Keep them"}</Button>
          <Button tone="danger" busy={task.busy} onClick={() => void empty()} data-testid="confirm-empty">
            Delete for good
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}

function Row({ recording, onDone }: { recording: ListedRecording; onDone: () => void }) {
  const { recordings } = useApi();
  const task = useTask();
  const [asked, setAsked] = useState(false);
  const { recording_id, title, room_name, deleted_at, expires_at, file_size_bytes, being_deleted } =
    recording;
  const name = title || "Untitled";
  const facts = [
    room_name,
    file_size_bytes > 0 && bytes(file_size_bytes),
    deleted_at && `deleted ${momentWithin(deleted_at)}`,
    expires_at && !being_deleted && `there until ${day(expires_at)}`,
  ];
  const restore = async () => {
    if (await task.run(() => recordings.restore(recording_id), `“${name}” is back.`)) onDone();
  };
  return (
    <li className="trashed" data-testid={`trashed-${recording_id}`}>
      <span className="recording-words">
        <Link href={`/recordings/${recording_id}`} className="recording-title">
          {name}
        </Link>
        <span className="recording-facts">{facts.filter(Boolean).join(" · ")}</span>
      </span>
      {being_deleted ? (
        <Badge>Being deleted for good</Badge>
      ) : (
        <span className="trashed-ways">
          <Button
            size="small"
            icon="reply"
            busy={task.busy}
            onClick={() => void restore()}
            data-testid="restore"
          >
            Restore
          </Button>
          <Button size="small" icon="trash" onClick={() => setAsked(true)} data-testid="delete-for-good">
            Delete for good
          </Button>
        </span>
      )}
      <DeleteForGood recording={recording} open={asked} onClose={() => setAsked(false)} onDone={onDone} />
    </li>
  );
}
