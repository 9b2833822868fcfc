/** Staff's captions: added from a WebVTT file for a language, taken away again. */
import { type FormEvent, useRef, useState } from "react";
import { sentence } from "../../api/problem";
import type { Captions } from "../../api/recordings";
import { Button, IconButton } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { FileField, SelectField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { plural } from "../../format";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { commonLanguages, languageName } from "./languages";

interface Props {
  id: string;
  captions: readonly Captions[];
  open: boolean;
  onClose: () => void;
  onChange: () => Promise<void>;
}

export function CaptionsDialog({ open, onClose, ...rest }: Props) {
  return (
    <Dialog title="Captions" open={open} onClose={onClose}>
      <CaptionSet {...rest} />
    </Dialog>
  );
}

function CaptionSet({ id, captions, onChange }: Omit<Props, "open" | "onClose">) {
  const { recordings } = useApi();
  const task = useTask();
  const remove = async (one: Captions) => {
    if (await task.run(() => recordings.deleteCaptions(id, one.language))) await onChange();
  };
  return (
    <>
      {captions.length === 0 ? (
        <p className="soft">There are no captions yet. Add a WebVTT file (.vtt) for a language.</p>
      ) : (
        <ul className="share-list">
          {captions.map((one) => (
            <li key={one.language} className="share-row">
              <span className="share-words">
                <span className="share-name">{one.label || languageName(one.language)}</span>
                <span className="soft">{plural(one.cues, "line", "lines")}</span>
              </span>
              <IconButton
                icon="trash"
                label={`Delete the captions in ${languageName(one.language)}`}
                onClick={() => void remove(one)}
              />
            </li>
          ))}
        </ul>
      )}
      <AddCaptions id={id} onAdded={onChange} />
    </>
  );
}

function AddCaptions({ id, onAdded }: { id: string; onAdded: () => Promise<void> }) {
  const { recordings } = useApi();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [language, setLanguage] = useState(() => navigator.language.split("-")[0] ?? "en");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const [languages] = useState(commonLanguages);
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (!file) return setWrong("Choose a file first.");
    setBusy(true);
    setWrong("");
    try {
      await recordings.putCaptions(id, language, file);
      if (input.current) input.current.value = "";
      setFile(null);
      await onAdded();
    } catch (error) {
      setWrong(sentence(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="share-form" onSubmit={(event) => void add(event)}>
      <SelectField label="Language" value={language} onChange={(event) => setLanguage(event.target.value)}>
        {languages.map(({ tag, name }) => (
          <option key={tag} value={tag}>
            {name}
          </option>
        ))}
      </SelectField>
      <FileField
        ref={input}
        label="File"
        chosen={file}
        accept=".vtt,text/vtt"
        onChange={(event) => setFile(event.target.files?.[0] ?? null)}
        data-testid="caption-file"
      />
      {wrong && <Notice tone="wrong">{wrong}</Notice>}
      <Button type="submit" tone="primary" icon="upload" busy={busy} data-testid="add-captions">
        Add captions
      </Button>
    </form>
  );
}
