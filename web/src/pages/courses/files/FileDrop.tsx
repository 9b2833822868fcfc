/** Where files are dropped, or chosen by keyboard, and below what becomes of each. */
import { type ChangeEvent, type DragEvent, useEffect, useId, useState } from "react";
import { Button } from "../../../design/Button";
import { Icon } from "../../../design/Icon";
import { useToast } from "../../../design/Toast";
import { bytes } from "../../../format";
import "./Files.css";
import type { Upload, Uploads } from "./useUploads";

export function FileDrop({
  label,
  hint,
  uploads,
  multiple = true,
  testId,
}: {
  label: string;
  hint?: string;
  uploads: Uploads;
  multiple?: boolean;
  testId: string;
}) {
  const id = useId();
  const toast = useToast();
  const [over, setOver] = useState(false);
  useNoFileOpens();
  const chosen = (event: ChangeEvent<HTMLInputElement>) => {
    uploads.add([...(event.target.files ?? [])]);
    // The same file can be chosen again.
    event.target.value = "";
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const { files, folders } = filesOf(event.dataTransfer);
    if (folders) toast("Folders cannot be sent: send the files in them, or a ZIP.", { tone: "wrong" });
    else if (!multiple && files.length > 1) toast("One file, please.", { tone: "wrong" });
    else uploads.add(files);
  };
  return (
    <div className="files">
      <div
        className={over ? "file-drop file-drop-over" : "file-drop"}
        role="group"
        aria-label={label}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={dropped}
        data-testid={`${testId}-drop`}
      >
        <input
          id={id}
          type="file"
          className="visually-hidden"
          multiple={multiple}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={chosen}
          data-testid={testId}
        />
        <label htmlFor={id} className="button button-plain button-medium">
          <Icon name="upload" size={18} />
          {label}
        </label>
        <p className="file-drop-hint" id={`${id}-hint`}>
          <span className="file-drop-mouse">or drop {multiple ? "them" : "it"} here. </span>
          {hint}
        </p>
      </div>
      <UploadList uploads={uploads} />
    </div>
  );
}

function UploadList({ uploads }: { uploads: Uploads }) {
  if (uploads.uploads.length === 0) return null;
  return (
    <ul className="list" aria-label="Files on their way">
      {uploads.uploads.map((upload) => (
        <UploadRow key={upload.id} upload={upload} uploads={uploads} />
      ))}
    </ul>
  );
}

function UploadRow({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const { id, file, sent, state, error } = upload;
  const percent = file.size > 0 ? Math.floor((Math.min(sent, file.size) / file.size) * 100) : 0;
  const words = {
    waiting: "Waits for its turn",
    sending: percent < 100 ? `${percent} % of ${bytes(file.size)}` : "Being checked",
    refused: bytes(file.size),
  }[state];
  return (
    <li className="upload" data-state={state} data-testid={`upload-${file.name}`}>
      <div className="list-row-words">
        {file.name}
        <p className="list-row-facts numbers">{words}</p>
        {state === "sending" && (
          <progress className="upload-bar" aria-label={file.name} max={100} value={percent} />
        )}
        {state === "refused" && (
          <p className="list-row-wrong" role="alert" data-testid="upload-refused">
            {error}
          </p>
        )}
      </div>
      <div className="list-row-actions">
        {state === "refused" && (
          <Button size="small" icon="retry" onClick={() => uploads.again(id)}>
            Try again<span className="visually-hidden"> with {file.name}</span>
          </Button>
        )}
        <Button size="small" icon="close" onClick={() => uploads.drop(id)} data-testid="upload-cancel">
          {state === "refused" ? "Leave it" : "Cancel"}
          <span className="visually-hidden">: {file.name}</span>
        </Button>
      </div>
    </li>
  );
}

/** What was dropped; a folder has no bytes that could be sent. */
function filesOf(data: DataTransfer): { files: File[]; folders: boolean } {
  const folders = [...data.items].some((item) => item.webkitGetAsEntry?.()?.isDirectory);
  return { files: [...data.files], folders };
}

/** A file that is dropped beside the place for it would open in place of the page. */
function useNoFileOpens(): void {
  useEffect(() => {
    const stay = (event: globalThis.DragEvent) => event.preventDefault();
    for (const name of ["dragover", "drop"] as const) window.addEventListener(name, stay);
    return () => {
      for (const name of ["dragover", "drop"] as const) window.removeEventListener(name, stay);
    };
  }, []);
}
