/** Files that are there: had by a press, and taken away where one may. */
import type { CourseFile } from "../../../api/files";
import { Button, IconButton } from "../../../design/Button";
import { bytes } from "../../../format";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { saveFile } from "../../save_file";
import { useCourse } from "../useCourse";
import "./Files.css";

export function DownloadButton({
  file,
  label = file.name,
  about = "",
}: {
  file: CourseFile;
  label?: string;
  /** What is read out besides, where the label does not name the file. */
  about?: string;
}) {
  const { course } = useCourse();
  const { files } = useApi();
  const task = useTask();
  const save = () =>
    void task.run(async () => {
      const { blob } = await files.download(course.id, file.id);
      saveFile({ blob, name: file.name }, file.name);
    });
  return (
    <Button
      size="small"
      icon="download"
      busy={task.busy}
      onClick={save}
      className="file-button"
      data-testid={`download-${file.name}`}
    >
      {label}
      {about && <span className="visually-hidden"> {about}</span>}
    </Button>
  );
}

export function FileLinks({
  files,
  label,
  onRemove,
}: {
  files: readonly CourseFile[];
  label: string;
  onRemove?: (file: CourseFile) => Promise<unknown>;
}) {
  const task = useTask();
  if (files.length === 0) return null;
  return (
    <ul className="file-list" aria-label={label}>
      {files.map((file) => (
        <li key={file.id} className="file-line">
          <DownloadButton file={file} />
          <span className="list-row-facts numbers">{bytes(file.size_bytes)}</span>
          {onRemove && (
            <IconButton
              icon="trash"
              size="small"
              label={`Take ${file.name} away`}
              onClick={() => void task.run(() => onRemove(file), `“${file.name}” is gone.`)}
              data-testid={`remove-${file.name}`}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
