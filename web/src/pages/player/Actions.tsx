import { useState } from "react";
import { useLocation } from "wouter";
import { sentence } from "../../api/problem";
import type { Recording } from "../../api/recordings";
import { Button, ButtonLink, IconButton } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { useToast } from "../../design/Toast";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { CopyAddress } from "./CopyAddress";
import { Download } from "./DownloadDialog";

interface ActionProps {
  recording: Recording;
  /** Given to who may share it; others copy the address. */
  onShare: (() => void) | undefined;
  onCaptions: (() => void) | undefined;
  onChange: (recording: Recording) => void;
  /** Whether the address is of use to others: who came by a link has one that needs it. */
  mayCopy: boolean;
  /** Where the video stands. */
  now_s: () => number;
}

/** Share, download, add captions, delete: what the person may do. */
export function Actions({ recording, onShare, onCaptions, onChange, mayCopy, now_s }: ActionProps) {
  const [asking, setAsking] = useState(false);
  return (
    <div className="recording-actions">
      {onShare && (
        <Button icon="link" onClick={onShare} data-testid="share">
          Share
        </Button>
      )}
      {!onShare && mayCopy && <CopyAddress now_s={now_s} />}
      <Download recording={recording} now_s={now_s} />
      {onCaptions && (
        <Button icon="chat" onClick={onCaptions} data-testid="manage-captions">
          Captions
        </Button>
      )}
      <Keep recording={recording} onChange={onChange} />
      {(recording.may.share || recording.may.annotate) && (
        <ButtonLink href={`/recordings/${recording.recording_id}/analytics`} icon="signal" testId="analytics">
          Figures
        </ButtonLink>
      )}
      {recording.may.share && (
        <ButtonLink href={`/recordings/${recording.recording_id}/access`} icon="eye" testId="who-watched">
          Who watched
        </ButtonLink>
      )}
      {recording.may.delete && recording.status !== "deleted" && (
        <IconButton
          icon="trash"
          label="Delete"
          tone="plain"
          onClick={() => setAsking(true)}
          data-testid="delete"
        />
      )}
      <DeleteRecording recording={recording} open={asking} onClose={() => setAsking(false)} />
    </div>
  );
}

/** Where recordings go into the trash by themselves: whether this one does. */
function Keep({ recording, onChange }: { recording: Recording; onChange: (recording: Recording) => void }) {
  const { recordings } = useApi();
  const task = useTask();
  const { recording_id, kept, expires_at, status, may } = recording;
  if (!may.update || status === "deleted" || !(kept || expires_at)) return null;
  const change = () =>
    task.run(
      async () => onChange(await recordings.update(recording_id, { kept: !kept })),
      kept ? "It is kept for its time." : "It is kept until somebody deletes it.",
    );
  return (
    <Button icon="pin" busy={task.busy} aria-pressed={kept} onClick={() => void change()} data-testid="keep">
      {kept ? "Kept" : "Keep"}
    </Button>
  );
}

interface DeleteProps {
  recording: Recording;
  open: boolean;
  onClose: () => void;
}

function DeleteRecording({ recording, open, onClose }: DeleteProps) {
  const { recordings } = useApi();
  const toast = useToast();
  const [, go] = useLocation();
  const [busy, setBusy] = useState(false);
  const undo = async () => {
    try {
      await recordings.restore(recording.recording_id);
      toast(`“${recording.title}” is back.`);
      go(`/recordings/${recording.recording_id}`);
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
    }
  };
  const remove = async () => {
    setBusy(true);
    try {
      await recordings.delete(recording.recording_id);
      toast(`“${recording.title}” was moved to the trash.`, {
        action: { label: "Undo", act: () => void undo() },
      });
      go("/recordings");
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
      setBusy(false);
    }
  };
  return (
    <Dialog title="Delete this recording?" open={open} onClose={onClose}>
      <p className="soft">
        “{recording.title}” goes to the trash, and nobody can watch it any more.
        {recording.status === "recording" && " It is still being recorded: that ends too."}
      </p>
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button tone="danger" busy={busy} onClick={() => void remove()} data-testid="confirm-delete">
          Delete
        </Button>
      </DialogActions>
    </Dialog>
  );
}
