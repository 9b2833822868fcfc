/** What happens when in a recording: a list to jump by, and staff's way to name its entries. */
import { type FormEvent, useState } from "react";
import type { Chapter, Chapters as ChapterSet } from "../../api/recordings";
import { Button, IconButton } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { clock } from "../../format";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { chaptersOf, type Draft, draftOf } from "./chapter_drafts";

/** The chapter at a time; undefined when there is none. */
export const chapterAt = (chapters: readonly Chapter[], time_s: number): Chapter | undefined =>
  chapters.findLast((one) => one.start_seconds <= time_s + 0.05);

export function ChapterList({
  chapters,
  time_s,
  onSeek,
  onEdit,
}: {
  chapters: readonly Chapter[];
  time_s: number;
  onSeek: (time_s: number) => void;
  /** Given to who may change them. */
  onEdit: (() => void) | undefined;
}) {
  const now = chapterAt(chapters, time_s);
  return (
    <section className="chapters" aria-labelledby="chapters-title">
      <header className="chapters-head">
        <h2 id="chapters-title">Chapters</h2>
        {onEdit && (
          <Button size="small" icon="edit" tone="quiet" onClick={onEdit} data-testid="edit-chapters">
            Edit
          </Button>
        )}
      </header>
      {chapters.length === 0 && (
        <p className="soft">None yet. Name what happens when, so that people find it.</p>
      )}
      <ol className="chapter-list" data-testid="chapters">
        {chapters.map((one) => (
          <li key={one.start_seconds}>
            <button
              type="button"
              className="chapter"
              aria-current={one === now ? "true" : undefined}
              onClick={() => onSeek(one.start_seconds)}
            >
              <span className="chapter-time numbers">{clock(one.start_seconds)}</span>
              <span className="chapter-title">{one.title}</span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}

export function EditChapters({
  id,
  set,
  now_s,
  open,
  onClose,
  onChange,
}: {
  id: string;
  set: ChapterSet;
  now_s: () => number;
  open: boolean;
  onClose: () => void;
  onChange: () => Promise<void>;
}) {
  return (
    <Dialog title="Chapters" open={open} onClose={onClose}>
      <ChapterForm id={id} set={set} now_s={now_s} onClose={onClose} onChange={onChange} />
    </Dialog>
  );
}

function ChapterForm({
  id,
  set,
  now_s,
  onClose,
  onChange,
}: {
  id: string;
  set: ChapterSet;
  now_s: () => number;
  onClose: () => void;
  onChange: () => Promise<void>;
}) {
  const { recordings } = useApi();
  const task = useTask();
  const [rows, setRows] = useState(() => set.chapters.map((one) => draftOf(one.start_seconds, one.title)));
  const [wrong, setWrong] = useState("");
  const change = (key: number, changes: Partial<Draft>) =>
    setRows(rows.map((row) => (row.key === key ? { ...row, ...changes } : row)));
  const done = async (work: () => Promise<unknown>, words: string) => {
    if (!(await task.run(work, words))) return;
    await onChange();
    onClose();
  };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const chapters = chaptersOf(rows);
    if (typeof chapters === "string") return setWrong(chapters);
    void done(() => recordings.setChapters(id, chapters), "Chapters saved.");
  };
  return (
    <form className="chapter-form" onSubmit={save}>
      {rows.length === 0 && <p className="soft">No chapters yet. Add one where something begins.</p>}
      <ul className="chapter-rows">
        {rows.map((row) => (
          <li key={row.key} className="chapter-row">
            <input
              className="field-input numbers"
              aria-label="Begins at"
              value={row.time}
              onChange={(event) => change(row.key, { time: event.target.value })}
            />
            <input
              className="field-input"
              aria-label="Title"
              value={row.title}
              maxLength={200}
              onChange={(event) => change(row.key, { title: event.target.value })}
              data-testid="chapter-title"
            />
            <IconButton
              icon="trash"
              label={`Remove “${row.title}”`}
              onClick={() => setRows(rows.filter((one) => one !== row))}
            />
          </li>
        ))}
      </ul>
      {wrong && (
        <p className="field-error" role="alert">
          {wrong}
        </p>
      )}
      <div className="chapter-tools">
        <Button
          size="small"
          icon="plus"
          onClick={() => setRows([...rows, draftOf(now_s(), "")])}
          data-testid="add-chapter"
        >
          Add one at {clock(now_s())}
        </Button>
        {set.own && (
          <Button
            size="small"
            tone="quiet"
            icon="retry"
            onClick={() => void done(() => recordings.resetChapters(id), "Chapters are as it happened.")}
          >
            As it happened
          </Button>
        )}
      </div>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" tone="primary" busy={task.busy} data-testid="save-chapters">
          Save
        </Button>
      </DialogActions>
    </form>
  );
}
