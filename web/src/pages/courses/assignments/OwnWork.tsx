/** What a student hands in: a draft with text and files, earlier attempts, and the grade once it is released. */
import { useCallback, useEffect, useReducer, useState } from "react";
import type { Assignment, Entry, Group } from "../../../api/assignments";
import { readFirst } from "../../../api/pages";
import { sentence } from "../../../api/problem";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useToast } from "../../../design/Toast";
import { useForm } from "../../../hooks/useForm";
import { useLoaded } from "../../../hooks/useLoaded";
import { useNow } from "../../../hooks/useNow";
import { useTask } from "../../../hooks/useTask";
import { useApi, useSession } from "../../../session/Session";
import { FormTrouble } from "../../FormTrouble";
import { Submit } from "../../Submit";
import { FileDrop } from "../files/FileDrop";
import { FileLinks } from "../files/FileLinks";
import { useUploads } from "../files/useUploads";
import { Overtaken } from "../Overtaken";
import { Attempt } from "./Attempt";
import { isOpen, pointsOf, WORK_STATUSES } from "./assignment_words";
import { DraftText, type ReadDraft } from "./draft_text";
import { GradeTold } from "./GradeTold";

const FRESH_MS = 20_000;
const MOST = 200;

export function OwnWork({ assignment }: { assignment: Assignment }) {
  const { assignments } = useApi();
  const { state } = useSession();
  const me = state.phase === "ready" ? (state.user?.user_id ?? "") : "";
  const { course_id, id, for_groups } = assignment;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [attempts, mine, groups] = await Promise.all([
        readFirst(MOST, (page) => assignments.attempts(course_id, id, "", page, signal)),
        readFirst(MOST, (page) => assignments.mine(course_id, page, signal)),
        for_groups
          ? readFirst(1, async (page) => (await assignments.groups(course_id, id, page, signal)).value)
          : null,
      ]);
      const begun = attempts.items.find(({ handed_in_at }) => handed_in_at === null);
      const draft = begun ? await assignments.attempt(course_id, id, begun.id, signal) : null;
      const entry = mine.items.find(({ assignment_id }) => assignment_id === id) ?? null;
      const mayBe = me !== "" && (entry === null || entry.released);
      const grade = mayBe ? await assignments.grade(course_id, id, me, signal) : null;
      return {
        attempts: attempts.items,
        draft: draft?.value.handed_in_at === null ? draft : null,
        entry,
        grade: grade?.value ?? null,
        group: groups?.items[0] ?? null,
      };
    },
    [assignments, course_id, id, me, for_groups],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading your work" />;
  const { draft } = data;
  const done = data.attempts.filter(({ handed_in_at }) => handed_in_at !== null);
  return (
    <div>
      {error && <Notice tone="wrong">{error}</Notice>}
      {for_groups && <OwnGroup group={data.group} />}
      {data.entry && <Standing entry={data.entry} />}
      {data.grade?.released && <GradeTold assignment={assignment} grade={data.grade} />}
      {draft ? (
        <Draft key={draft.value.id} assignment={assignment} read={draft} onDone={reload} />
      ) : (
        (!for_groups || data.group) && <Begin assignment={assignment} done={done.length} onDone={reload} />
      )}
      {done.map((one) => (
        <Attempt key={one.id} attempt={one} />
      ))}
    </div>
  );
}

function OwnGroup({ group }: { group: Group | null }) {
  return (
    <p className="soft" data-testid="own-group">
      {group
        ? `Your group is “${group.name}”: ${group.members.map(({ full_name }) => full_name).join(", ")}. One of you hands in for all.`
        : "You are in no group yet, and can hand in once your teacher has put you into one."}
    </p>
  );
}

function Standing({ entry }: { entry: Entry }) {
  const { label, tone } = WORK_STATUSES[entry.status];
  return (
    <p className="work-head" role="status">
      <Badge tone={tone} testId="work-status">
        {label}
      </Badge>
      {entry.released && <strong data-testid="own-points">{pointsOf(entry)}</strong>}
    </p>
  );
}

function Begin({
  assignment,
  done,
  onDone,
}: {
  assignment: Assignment;
  done: number;
  onDone: () => Promise<void>;
}) {
  const { assignments } = useApi();
  const task = useTask();
  const open = isOpen(assignment, useNow(5_000));
  const left = assignment.max_attempts === null ? null : assignment.max_attempts - done;
  if (!open) return <p className="soft work-card">Nothing is taken any more.</p>;
  if (left !== null && left <= 0) return <p className="soft work-card">You have no attempt left.</p>;
  const begin = () =>
    void task.run(async () => {
      await assignments.begin(assignment.course_id, assignment.id);
      await onDone();
    });
  return (
    <p className="work-head work-card">
      <span>
        <Button
          tone={done > 0 ? "plain" : "primary"}
          icon="edit"
          busy={task.busy}
          onClick={begin}
          data-testid="begin-work"
        >
          {done > 0 ? "Hand in again" : "Begin"}
        </Button>
      </span>
      {done > 0 && <span className="soft">The newest attempt counts, also when it is late.</span>}
      {left !== null && <span className="soft">Attempts left: {left}.</span>}
    </p>
  );
}

function Draft({
  assignment: { course_id, id, for_groups },
  read,
  onDone,
}: {
  assignment: Assignment;
  read: ReadDraft;
  onDone: () => Promise<void>;
}) {
  const { assignments, files } = useApi();
  const draft = read.value;
  const [, told] = useReducer((times: number) => times + 1, 0);
  const [written] = useState(
    () =>
      new DraftText(
        read,
        {
          write: (text, etag) => assignments.write(course_id, id, draft.id, text, etag),
          read: () => assignments.attempt(course_id, id, draft.id),
          handIn: (etag) => assignments.handIn(course_id, id, draft.id, etag),
        },
        told,
      ),
  );
  useEffect(() => written.receive(read), [written, read]);
  const task = useTask();
  const toast = useToast();
  const path = assignments.workFiles(course_id, id, draft.id);
  const uploads = useUploads((file, sending) => files.send(path, file, sending), onDone);
  const form = useForm(["text"], async () => {
    if (await written.handIn()) await onDone();
  });
  const keep = (how: () => Promise<boolean>) =>
    void how()
      .then((kept) => (kept ? onDone() : undefined))
      .catch((problem: unknown) => toast(sentence(problem), { tone: "wrong" }));
  const remove = () =>
    void task.run(async () => {
      await assignments.deleteDraft(course_id, id, draft.id);
      await onDone();
    }, "The draft is gone.");
  return (
    <Card>
      <form className="form" onSubmit={form.onSubmit} data-testid="draft">
        <h3>Your draft{draft.attempt > 1 && `, attempt ${draft.attempt}`}</h3>
        <p className="soft">
          {for_groups ? "Your group sees it, your teacher does not" : "Nobody else sees it"} before it is
          handed in.
        </p>
        <FormTrouble form={form} />
        {written.theirs && (
          <Overtaken
            busy={form.busy}
            onTheirs={() => written.takeTheirs()}
            onMine={() => keep(() => written.keepMine())}
          />
        )}
        <TextField
          label="Text"
          name="text"
          rows={8}
          maxLength={100_000}
          value={written.text}
          onChange={(event) => written.type(event.target.value)}
          onBlur={() => written.isTyped && keep(() => written.keep())}
          error={form.fields.text}
          hint="Kept when you leave the field."
          data-testid="work-text"
        />
        <FileLinks
          files={draft.files}
          label="Files of your draft"
          onRemove={async (file) => {
            await assignments.deleteFile(path, file.id);
            await onDone();
          }}
        />
        <FileDrop label="Add files" hint="Up to 20." uploads={uploads} testId="work-files" />
        <div className="work-head">
          <Submit form={form} icon="send" disabled={uploads.busy} data-testid="hand-in">
            Hand in
          </Submit>
          <Button busy={task.busy} onClick={remove} data-testid="delete-draft">
            Delete the draft
          </Button>
          {uploads.busy && <span className="soft">As soon as the files are there.</span>}
        </div>
      </form>
    </Card>
  );
}
