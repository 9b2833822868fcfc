/** Of a recording in the trash: since when it is there, and the ways out. */
import { useState } from "react";
import { useLocation } from "wouter";
import type { Recording } from "../../api/recordings";
import { Button } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { day, momentWithin } from "../../format";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { DeleteForGood } from "../recordings/DeleteForGood";

interface Props {
  recording: Recording;
  onChange: (recording: Recording) => void;
}

export function InTrash({ recording, onChange }: Props) {
  const { recordings } = useApi();
  const task = useTask();
  const [, go] = useLocation();
  const [asked, setAsked] = useState(false);
  const { recording_id, title, deleted_at, expires_at, being_deleted } = recording;
  const restore = () =>
    task.run(async () => onChange(await recordings.restore(recording_id)), `“${title}” is back.`);
  return (
    <div className="player">
      <div className="player-main player-none" role="status" data-testid="in-trash">
        <Icon name="trash" size={30} />
        <strong>{being_deleted ? "It is being deleted for good" : "It is in the trash"}</strong>
        <p>
          {being_deleted
            ? "The server goes on with that by itself."
            : `${deleted_at ? `Since ${momentWithin(deleted_at)}, and n` : "N"}obody can watch it meanwhile.`}
        </p>
        {!being_deleted && expires_at && <p>It is deleted for good on {day(expires_at)}.</p>}
        {!being_deleted && (
          <p className="player-ways">
            <Button tone="primary" busy={task.busy} onClick={() => void restore()} data-testid="restore">
              Restore
            </Button>
            <Button icon="trash" onClick={() => setAsked(true)} data-testid="delete-for-good">
              Delete for good
            </Button>
          </p>
        )}
      </div>
      <DeleteForGood
        recording={recording}
        open={asked}
        onClose={() => setAsked(false)}
        onDone={() => go("/recordings/trash")}
      />
    </div>
  );
}
