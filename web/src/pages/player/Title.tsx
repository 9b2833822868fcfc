import { type FormEvent, useState } from "react";
import { sentence } from "../../api/problem";
import type { Recording } from "../../api/recordings";
import { Button, IconButton } from "../../design/Button";
import { useToast } from "../../design/Toast";
import { useValidity } from "../../design/validity";
import { useApi } from "../../session/Session";

interface Props {
  recording: Recording;
  mayChange: boolean;
  onChange: (recording: Recording) => void;
}

/** The title, which becomes a field when the pencil is pressed. */
export function Title({ recording, mayChange, onChange }: Props) {
  const { recordings } = useApi();
  const toast = useToast();
  const [draft, setDraft] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const { wrong, ...heard } = useValidity(undefined);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const title = draft?.trim();
    if (!title || title === recording.title) return setDraft(null);
    setBusy(true);
    try {
      await recordings.update(recording.recording_id, { title });
      onChange({ ...recording, title });
      setDraft(null);
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
    } finally {
      setBusy(false);
    }
  };
  if (draft === null) {
    return (
      <div className="title">
        <h1>{recording.title || "Untitled"}</h1>
        {mayChange && (
          <IconButton
            icon="edit"
            label="Change the title"
            size="small"
            onClick={() => setDraft(recording.title)}
            data-testid="edit-title"
          />
        )}
      </div>
    );
  }
  return (
    <form className="title title-form" onSubmit={(event) => void save(event)}>
      <input
        {...heard}
        className="field-input"
        aria-label="Title"
        aria-invalid={wrong ? true : undefined}
        aria-describedby={wrong ? "title-wrong" : undefined}
        value={draft}
        required
        maxLength={255}
        // biome-ignore lint/a11y/noAutofocus: the person has just asked to type here
        autoFocus
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && setDraft(null)}
        data-testid="title-input"
      />
      {wrong && (
        <p className="field-error" id="title-wrong" role="alert">
          {wrong}
        </p>
      )}
      <Button type="submit" tone="primary" busy={busy} data-testid="save-title">
        Save
      </Button>
      <Button onClick={() => setDraft(null)}>Cancel</Button>
    </form>
  );
}
