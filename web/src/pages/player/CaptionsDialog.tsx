/** Staff's captions: added from a WebVTT file for a language, taken away again, and brought back. */
import { type Dispatch, type FormEvent, type SetStateAction, useEffect, useRef, useState } from "react";
import { sentence } from "../../api/problem";
import type { Captions } from "../../api/recordings";
import { Button, IconButton } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { FileField, SelectField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { plural } from "../../format";
import { useApi } from "../../session/Session";
import { languageName } from "./languages";
import { useCaptionLanguage } from "./useCaptionLanguage";

interface Props {
  id: string;
  captions: readonly Captions[];
  open: boolean;
  onClose: () => void;
  onChange: () => Promise<void>;
}

export function CaptionsDialog({ open, onClose, ...rest }: Props) {
  const [deleted, setDeleted] = useState<readonly Captions[]>([]); // also when it is opened again
  return (
    <Dialog title="Captions" open={open} onClose={onClose}>
      <CaptionSet {...rest} deleted={deleted} onDeleted={setDeleted} />
    </Dialog>
  );
}

interface SetProps extends Omit<Props, "open" | "onClose"> {
  /** What was deleted on this page. */
  deleted: readonly Captions[];
  onDeleted: Dispatch<SetStateAction<readonly Captions[]>>;
}

export function CaptionSet({ id, captions, onChange, deleted, onDeleted }: SetProps) {
  const { recordings } = useApi();
  const [wrong, setWrong] = useState("");
  const [changing, setChanging] = useState<readonly string[]>([]); // the languages whose change is not answered
  const gone = deleted.filter((one) => !captions.some(({ language }) => language === one.language));
  /** What fails is said in the dialog: what lies behind it cannot be seen. */
  const change = async ({ language }: Captions, work: () => Promise<unknown>, left: readonly Captions[]) => {
    if (changing.includes(language)) return;
    setChanging((before) => [...before, language]);
    setWrong("");
    try {
      await work();
      // As it is by now: another may have been deleted meanwhile.
      onDeleted((before) => [...before.filter((one) => one.language !== language), ...left]);
      await onChange();
    } catch (error) {
      setWrong(sentence(error));
    } finally {
      setChanging((before) => before.filter((one) => one !== language));
    }
  };
  const remove = (one: Captions) => change(one, () => recordings.deleteCaptions(id, one.language), [one]);
  const restore = (one: Captions) => change(one, () => recordings.restoreCaptions(id, one.language), []);
  return (
    <>
      {captions.length === 0 && gone.length === 0 ? (
        <p className="soft">There are no captions yet. Add a WebVTT file (.vtt) for a language.</p>
      ) : (
        <ul className="share-list">
          {captions.map((one) => (
            <li key={one.language} className="share-row">
              <span className="share-words">
                <span className="share-name">{nameOf(one)}</span>
                <span className="soft">{plural(one.cues, "line", "lines")}</span>
              </span>
              <IconButton
                icon="trash"
                label={`Delete the captions in ${languageName(one.language)}`}
                onClick={() => void remove(one)}
              />
            </li>
          ))}
          {gone.map((one) => (
            <DeletedRow
              key={one.language}
              captions={one}
              busy={changing.includes(one.language)}
              onRestore={() => void restore(one)}
            />
          ))}
        </ul>
      )}
      {wrong && <Notice tone="wrong">{wrong}</Notice>}
      <AddCaptions id={id} captions={captions} onAdded={onChange} />
    </>
  );
}

interface DeletedProps {
  captions: Captions;
  busy: boolean;
  onRestore: () => void;
}

function DeletedRow({ captions, busy, onRestore }: DeletedProps) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    // The button that deleted them had the focus, and is gone.
    if (document.activeElement === document.body) row.current?.querySelector("button")?.focus();
  }, []);
  return (
    <li ref={row} className="share-row" data-testid="captions-deleted">
      <span className="share-words" role="status">
        <span className="share-name">{nameOf(captions)}</span>
        <span className="soft">Deleted</span>
      </span>
      <Button
        size="small"
        busy={busy}
        aria-label={`Undo: bring back the captions in ${languageName(captions.language)}`}
        onClick={onRestore}
      >
        Undo
      </Button>
    </li>
  );
}

const nameOf = (one: Captions) => one.label || languageName(one.language);

interface AddProps {
  id: string;
  captions: readonly Captions[];
  onAdded: () => Promise<void>;
}

function AddCaptions({ id, captions, onAdded }: AddProps) {
  const { recordings } = useApi();
  const input = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const { language, choose, languages } = useCaptionLanguage(captions.map((one) => one.language));
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
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
      <SelectField label="Language" value={language} onChange={(event) => choose(event.target.value)}>
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
