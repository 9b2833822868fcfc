import { useCallback } from "react";
import type { Material } from "../../../api/materials";
import { readFirst } from "../../../api/pages";
import { Button, IconButton } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { bytes, moment } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { FileDrop } from "../files/FileDrop";
import { DownloadButton } from "../files/FileLinks";
import { useUploads } from "../files/useUploads";

interface Around {
  change: boolean;
  onClose: () => void;
  onDone: () => Promise<void>;
}

const MOST = 1000;

/** All versions of a material, and a new one. */
export function VersionsDialog({ material, ...around }: Around & { material: Material | null }) {
  return (
    <Dialog
      title={material ? `Versions of “${material.title}”` : "Versions"}
      open={material !== null}
      onClose={around.onClose}
    >
      {material && <Versions material={material} {...around} />}
    </Dialog>
  );
}

function Versions({ material: { course_id, id }, change, onClose, onDone }: Around & { material: Material }) {
  const { materials } = useApi();
  const task = useTask();
  const load = useCallback(
    (signal: AbortSignal) => readFirst(MOST, (page) => materials.versions(course_id, id, page, signal)),
    [materials, course_id, id],
  );
  const { data, error, reload } = useLoaded(load);
  const again = async () => {
    await Promise.all([reload(), onDone()]);
  };
  const uploads = useUploads((file, sending) => materials.addVersion(course_id, id, file, sending), again);
  const remove = (file: string, version: number) =>
    void task.run(async () => {
      await materials.deleteVersion(course_id, id, file);
      await again();
    }, `Version ${version} is gone.`);
  return (
    <div className="form">
      {change && (
        <FileDrop
          label="Choose the new version"
          hint="Students have the newest; older ones stay here for the staff."
          uploads={uploads}
          multiple={false}
          testId="version-file"
        />
      )}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading versions" />}
      {data?.items.length === 0 && <p className="soft">No file was uploaded yet.</p>}
      {data && data.items.length > 0 && (
        <ul className="list" aria-label="Versions, newest first">
          {data.items.map((file) => (
            <li key={file.id} className="upload" data-testid={`version-${file.version}`}>
              <div className="list-row-words">
                <strong>Version {file.version}</strong>
                <p className="list-row-facts">
                  {[file.name, bytes(file.size_bytes), moment(file.created_at)].join(" · ")}
                </p>
              </div>
              <div className="list-row-actions">
                <DownloadButton file={file} label="Download" about={`version ${file.version}`} />
                {change && (
                  <IconButton
                    icon="trash"
                    size="small"
                    label={`Delete version ${file.version}`}
                    onClick={() => remove(file.id, file.version)}
                    data-testid={`delete-version-${file.version}`}
                  />
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      <DialogActions>
        <Button onClick={onClose} disabled={uploads.busy} data-testid="versions-done">
          Done
        </Button>
      </DialogActions>
    </div>
  );
}
