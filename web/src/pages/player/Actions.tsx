import { useState } from "react";
import { useLocation } from "wouter";
import { sentence } from "../../api/problem";
import type { Recording } from "../../api/recordings";
import { Button, IconButton } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { useToast } from "../../design/Toast";
import { useApi } from "../../session/Session";
import { copyText } from "../links";
import { isPlayable } from "../recordings/status";

/** Copy the link, download, delete. */
export function Actions({ recording }: { recording: Recording }) {
  const { recordings } = useApi();
  const toast = useToast();
  const [, go] = useLocation();
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState<"download" | "delete" | null>(null);
  const finished = recording.status === "ready" || recording.status === "interrupted";

  const attempt = async (name: "download" | "delete", act: () => Promise<void>) => {
    setBusy(name);
    try {
      await act();
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
    } finally {
      setBusy(null);
    }
  };
  const download = () =>
    attempt("download", async () => {
      const link = document.createElement("a");
      link.href = await recordings.downloadUrl(recording.recording_id);
      link.download = "";
      link.click();
    });
  const remove = () =>
    attempt("delete", async () => {
      await recordings.delete(recording.recording_id);
      toast(`“${recording.title}” was moved to the trash.`);
      go("/recordings");
    });
  const copy = async () => {
    const done = await copyText(window.location.href);
    toast(done ? "Link copied." : "The link could not be copied.", done ? {} : { tone: "wrong" });
  };
  return (
    <div className="recording-actions">
      <Button icon="link" onClick={() => void copy()}>
        Copy link
      </Button>
      {isPlayable(recording.status) && (
        <Button
          icon="download"
          busy={busy === "download"}
          disabled={!finished}
          title={finished ? undefined : "Once it is finished"}
          onClick={() => void download()}
          data-testid="download"
        >
          Download
        </Button>
      )}
      <IconButton
        icon="trash"
        label="Delete"
        tone="plain"
        onClick={() => setAsking(true)}
        data-testid="delete"
      />
      <Dialog title="Delete this recording?" open={asking} onClose={() => setAsking(false)}>
        <p className="soft">“{recording.title}” goes to the trash, and nobody can watch it any more.</p>
        <DialogActions>
          <Button onClick={() => setAsking(false)}>Keep it</Button>
          <Button
            tone="danger"
            busy={busy === "delete"}
            onClick={() => void remove()}
            data-testid="confirm-delete"
          >
            Delete
          </Button>
        </DialogActions>
      </Dialog>
    </div>
  );
}
