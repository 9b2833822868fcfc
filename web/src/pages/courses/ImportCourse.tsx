/** A course of a file that another one was exported as. */
import { useState } from "react";
import { useLocation } from "wouter";
import type { ImportedCourse } from "../../api/courses";
import type { Sending } from "../../api/files";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Notice } from "../../design/Notice";
import { plural } from "../../format";
import { useApi } from "../../session/Session";
import { FileDrop } from "./files/FileDrop";
import { useUploads } from "./files/useUploads";
import { importedWords } from "./imported_words";

interface Props {
  open: boolean;
  onClose: () => void;
  onDone: () => Promise<void>;
}

export function ImportCourse(props: Props) {
  return (
    <Dialog title="Import a course" open={props.open} onClose={props.onClose}>
      <ImportForm {...props} />
    </Dialog>
  );
}

function ImportForm({ onClose, onDone }: Props) {
  const { courses } = useApi();
  const [made, setMade] = useState<ImportedCourse | null>(null);
  const send = async (file: File, sending: Sending) => {
    setMade(null);
    setMade(await courses.import(file, sending));
  };
  const uploads = useUploads(send, onDone);
  if (made) return <Imported made={made} onClose={onClose} />;
  return (
    <div className="form">
      <p className="soft">
        It becomes a draft of yours, with its dates as they were. Where anything in it is wrong, nothing of it
        is kept.
      </p>
      <FileDrop
        label="Choose the file"
        hint="What a course was exported as (.vtp-course.zip)."
        multiple={false}
        uploads={uploads}
        testId="import-course-file"
      />
      <DialogActions>
        <Button onClick={onClose}>{uploads.busy ? "Give it up" : "Close"}</Button>
      </DialogActions>
    </div>
  );
}

function Imported({ made, onClose }: { made: ImportedCourse; onClose: () => void }) {
  const [, go] = useLocation();
  return (
    <div className="form" data-testid="course-imported">
      <p>
        <strong>{made.name}</strong> is here, as a draft: {importedWords(made.carried)}.
      </p>
      {made.missing_files > 0 && (
        <Notice tone="warn">
          {`${plural(made.missing_files, "file or recording", "files or recordings")} had been lost where it comes from, and ${made.missing_files === 1 ? "is" : "are"} not in it.`}
        </Notice>
      )}
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        <Button tone="primary" onClick={() => go(`/courses/${made.id}`)} data-testid="to-imported">
          To the course
        </Button>
      </DialogActions>
    </div>
  );
}
