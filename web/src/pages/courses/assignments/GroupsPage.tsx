/** Who works with whom in an assignment: groups made, filled, renamed and taken away, all of them saved at once. */
import { useCallback, useMemo, useState } from "react";
import type { Assignment, Group } from "../../../api/assignments";
import type { Versioned } from "../../../api/courses";
import type { Enrolment } from "../../../api/enrolments";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Button, IconButton } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { Field, SelectField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { SearchInput } from "../../../design/SearchInput";
import { Loading } from "../../../design/Spinner";
import { useToast } from "../../../design/Toast";
import { plural } from "../../../format";
import { useApi } from "../../../session/Session";
import { Submit } from "../../Submit";
import { EditTrouble } from "../Overtaken";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";
import { useStudents } from "../useStudents";
import { called, type DraftGroup, dealt, draftOf, moved, thatAre, wantedOf, withNew } from "./groups";

const MOST = 500;
/** So many students are in each list to choose from: every group has one. */
const MOST_CHOICES = 50;

export function GroupsPage({ assignment }: { assignment: Assignment }) {
  const { assignments } = useApi();
  const { course_id, id, title } = assignment;
  const load = useCallback(
    (signal: AbortSignal) => readGroups(assignments, course_id, id, signal),
    [assignments, course_id, id],
  );
  const groups = useEdited(load);
  const students = useStudents();
  const error = groups.error ?? students.error;
  return (
    <>
      <h2>Groups of “{title}”</h2>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!assignment.for_groups && <Notice tone="info">This assignment is not for groups.</Notice>}
      {(!groups.read || !students.data) && !error && <Loading label="Loading the groups" />}
      {groups.read && students.data && assignment.for_groups && (
        <Editor
          key={groups.key}
          assignment={assignment}
          read={groups.read}
          students={students.data}
          onTheirs={() => void groups.reload()}
        />
      )}
    </>
  );
}

type Assignments = ReturnType<typeof useApi>["assignments"];

/** All of them, with the version that the first page was of: what has changed since is refused. */
async function readGroups(
  assignments: Assignments,
  course: string,
  id: string,
  signal?: AbortSignal,
): Promise<Versioned<readonly Group[]>> {
  let etag: string | null = null;
  const { items } = await readFirst(MOST, async (page) => {
    const read = await assignments.groups(course, id, page, signal);
    etag ??= read.etag;
    return read.value;
  });
  return { value: items, etag };
}

interface EditorProps {
  assignment: Assignment;
  read: Versioned<readonly Group[]>;
  students: readonly Enrolment[];
  onTheirs: () => void;
}

function Editor({ assignment: { course_id, id }, read, students, onTheirs }: EditorProps) {
  const { assignments } = useApi();
  const { course } = useCourse();
  const toast = useToast();
  const groups = read.value;
  const [etag, setEtag] = useState(read.etag);
  const [drafts, setDrafts] = useState(() => groups.map(draftOf));
  const [saved, setSaved] = useState(() => JSON.stringify(wantedOf(groups.map(draftOf))));
  const [size, setSize] = useState("3");
  const [words, setWords] = useState("");
  const names = useMemo(
    () =>
      new Map([
        ...groups.flatMap(({ members }) => members.map((one) => [one.user_id, one.full_name] as const)),
        ...students.map((one) => [one.student_id, one.full_name] as const),
      ]),
    [groups, students],
  );
  const { form, keepMine } = useEditForm([], etag, async (_, version) => {
    const there = version === null ? await readGroups(assignments, course_id, id) : null;
    const wish = wantedOf(there ? thatAre(drafts, there.value) : drafts);
    const changed = await assignments.setGroups(course_id, id, wish, version ?? there?.etag ?? null);
    const made = changed.value.items.map(draftOf);
    setEtag(changed.etag);
    setDrafts(made);
    setSaved(JSON.stringify(wantedOf(made)));
    toast("The groups are saved.");
  });
  const inside = new Set(drafts.flatMap(({ members }) => members));
  const left = students.filter(({ student_id }) => !inside.has(student_id)).map((one) => one.student_id);
  const choices = called(words, left, names).slice(0, MOST_CHOICES);
  const changed = JSON.stringify(wantedOf(drafts)) !== saved;
  const wanted = Number(size);
  const fits = Number.isInteger(wanted) && wanted >= 1 && wanted <= 100;
  return (
    <form className="form work-card" onSubmit={form.onSubmit} data-testid="groups">
      <EditTrouble form={form} onTheirs={onTheirs} onMine={keepMine} />
      <div className="group-tools">
        <Field
          label="Students in each"
          type="number"
          min={1}
          max={100}
          value={size}
          onChange={(event) => setSize(event.target.value)}
          data-testid="group-size"
        />
        <Button
          icon="groups"
          disabled={!fits || left.length === 0}
          onClick={() => setDrafts(dealt(drafts, left, wanted))}
          data-testid="deal-groups"
        >
          Deal out by chance
        </Button>
        <Button icon="plus" onClick={() => setDrafts(withNew(drafts))} data-testid="new-group">
          New group
        </Button>
        {(left.length > MOST_CHOICES || words !== "") && (
          <SearchInput
            label="Find who is in no group"
            value={words}
            onChange={setWords}
            testId="find-ungrouped"
          />
        )}
      </div>
      <p role="status" data-testid="in-no-group">
        {left.length === 0
          ? "Everybody is in a group."
          : `${plural(left.length, "student is", "students are")} in no group, and can hand in once they are in one: ${left
              .slice(0, 12)
              .map((one) => names.get(one))
              .join(", ")}${left.length > 12 ? " …" : ""}`}
      </p>
      <div className="group-cards">
        {drafts.map((group) => (
          <GroupCard
            key={group.key}
            group={group}
            choices={choices}
            names={names}
            onChange={(change) =>
              setDrafts(drafts.map((one) => (one.key === group.key ? { ...one, ...change } : one)))
            }
            onMove={(person, key) => setDrafts(moved(drafts, person, key))}
            onRemove={() => setDrafts(drafts.filter((one) => one.key !== group.key))}
          />
        ))}
      </div>
      <div className="work-head">
        <Submit form={form} disabled={!changed || course.status === "archived"} data-testid="save-groups">
          Save the groups
        </Submit>
        {changed && <Badge tone="warn">Not saved yet</Badge>}
      </div>
    </form>
  );
}

function GroupCard({
  group: { key, name, members },
  choices,
  names,
  onChange,
  onMove,
  onRemove,
}: {
  group: DraftGroup;
  choices: readonly string[];
  names: ReadonlyMap<string, string>;
  onChange: (change: Partial<DraftGroup>) => void;
  onMove: (person: string, key: string | null) => void;
  onRemove: () => void;
}) {
  return (
    <Card className="group-card">
      <div className="group-head">
        <Field
          label="Name"
          required
          maxLength={200}
          autoComplete="off"
          value={name}
          onChange={(event) => onChange({ name: event.target.value })}
          data-testid={`group-name-${name}`}
        />
        <IconButton icon="trash" label={`Take away: ${name}`} title="Take away" onClick={onRemove} />
      </div>
      <ul className="group-members" data-testid={`members-${name}`}>
        {members.map((one) => (
          <li key={one}>
            <span>{names.get(one)}</span>
            <IconButton
              icon="close"
              label={`Take ${names.get(one)} out of ${name}`}
              title="Take out"
              size="small"
              onClick={() => onMove(one, null)}
            />
          </li>
        ))}
      </ul>
      {members.length === 0 && <p className="soft">Empty: it is not kept like that.</p>}
      {choices.length > 0 && members.length < 100 && (
        <SelectField
          label="Add somebody"
          value=""
          onChange={(event) => onMove(event.target.value, key)}
          data-testid={`add-to-${name}`}
        >
          <option value="">Choose a student</option>
          {choices.map((one) => (
            <option key={one} value={one}>
              {names.get(one)}
            </option>
          ))}
        </SelectField>
      )}
    </Card>
  );
}
