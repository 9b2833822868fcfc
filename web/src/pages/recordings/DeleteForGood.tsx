/** The question before a recording is gone for good. */
import type { Recording } from "../../api/recordings";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { bytes } from "../../format";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";

interface Props {
  recording: Recording;
  open: boolean;
  onClose: () => void;
  onDone: () => void;
}

export function DeleteForGood({ recording, open, onClose, onDone }: Props) {
  const { recordings } = useApi();
  const task = useTask();
  const name = recording.title || "Untitled";
  const remove = async () => {
    const done = await task.run(
      () => recordings.deleteForGood(recording.recording_id),
      (answer) => answer.message, // another server may have to do it
    );
    onClose();
    if (done) onDone();
  };
  return (
    <Dialog title="Delete it for good?" open={open} onClose={onClose}>
      <p className="soft">
        “{name}”{recording.file_size_bytes > 0 && ` (${bytes(recording.file_size_bytes)})`} will be gone, with
        its captions, chapters, links and figures. Nobody can bring it back.
      </p>
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button tone="danger" busy={task.busy} onClick={() => void remove()} data-testid="confirm-for-good">
          Delete for good
        </Button>
      </DialogActions>
    </Dialog>
  );
}
