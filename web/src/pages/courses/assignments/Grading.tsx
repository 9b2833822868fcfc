/** One student's work, and their grade: a draft until it is released. */
import { useCallback, useRef, useState } from "react";
import type { Assignment, Grade } from "../../../api/assignments";
import type { Versioned } from "../../../api/courses";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { CheckField, TextField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useToast } from "../../../design/Toast";
import { fieldsOf } from "../../../hooks/useForm";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { Submit } from "../../Submit";
import { FileDrop } from "../files/FileDrop";
import { FileLinks } from "../files/FileLinks";
import { useUploads } from "../files/useUploads";
import { EditTrouble, isOvertaken } from "../Overtaken";
import { useCourse } from "../useCourse";
import { useEdited, useEditForm } from "../useEdit";
import { Attempt } from "./Attempt";
import { GradeTold } from "./GradeTold";
import { changeOf } from "./grade_change";
import { PointsFields } from "./PointsFields";

interface Around {
  assignment: Assignment;
  student: string;
  onDone: () => Promise<void>;
}

const FRESH_MS = 20_000;
const MOST = 200;

export function Grading(around: Around) {
  const { assignments } = useApi();
  const { course } = useCourse();
  const { student } = around;
  const { course_id, id } = around.assignment;
  const load = useCallback(
    (signal: AbortSignal) =>
      readFirst(MOST, (page) => assignments.attempts(course_id, id, student, page, signal)),
    [assignments, course_id, id, student],
  );
  const read = useCallback(
    (signal: AbortSignal) => assignments.grade(course_id, id, student, signal),
    [assignments, course_id, id, student],
  );
  const work = useLoaded(load, FRESH_MS);
  const grade = useEdited(read);
  const error = work.error ?? grade.error;
  return (
    <>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!work.data && !error && <Loading label="Loading the work" />}
      {work.data?.items.length === 0 && <p className="soft">Nothing was handed in.</p>}
      {work.data?.items.map((one) => (
        <Attempt key={one.id} attempt={one} />
      ))}
      {grade.read && course.status === "archived" && (
        <GradeTold assignment={around.assignment} grade={grade.read.value} />
      )}
      {grade.read && course.status !== "archived" && (
        <GradeForm
          key={grade.key}
          read={grade.read}
          onAgain={async () => {
            await Promise.all([grade.reload(), work.reload()]);
          }}
          {...around}
        />
      )}
    </>
  );
}

/** What somebody else may have changed meanwhile; files are not among it. */
const wordsOf = ({ points, scores, feedback, released, newest_submission_id }: Grade): string =>
  JSON.stringify([points, scores, feedback, released, newest_submission_id]);

const idsOf = (files: Grade["files"]): string => files.map(({ id }) => id).join();

/** Whether something was handed in after what has its points. */
const isAhead = ({ points, submission_id, newest_submission_id }: Grade): boolean =>
  points !== null && newest_submission_id !== submission_id;

function GradeForm({
  read: { value, etag },
  assignment,
  student,
  onAgain,
  onDone,
}: Around & { read: Versioned<Grade>; onAgain: () => Promise<void> }) {
  const { assignments, files } = useApi();
  const toast = useToast();
  const { course_id, id, rubric, for_groups } = assignment;
  const [held, setHeld] = useState(value.files);
  const [version, setVersion] = useState(etag);
  const [typed, setTyped] = useState<Record<string, string> | null>(null);
  /** The version that is written over, once somebody else's was found: its files are shown by then. */
  const seen = useRef(etag);
  const [othersFiles, setOthersFiles] = useState(false);
  const released = useRef(false);
  const path = assignments.feedbackFiles(course_id, id, student);
  /** After a file: what is typed stays, and is for the grade with that file, unless others changed its words. */
  const refresh = async () => {
    const now = await assignments.grade(course_id, id, student);
    setHeld(now.value.files);
    if (wordsOf(now.value) === wordsOf(value)) setVersion(now.etag);
  };
  /**
   * What somebody else has left there, before one's own is kept over it: files go to a whole group, in place of
   * theirs. Where it cannot be read, keeping it is refused as before.
   */
  const look = async () => {
    const now = await assignments.grade(course_id, id, student).catch(() => null);
    if (now === null) return;
    seen.current = now.etag;
    setOthersFiles(idsOf(now.value.files) !== idsOf(held));
    setHeld(now.value.files);
  };
  const uploads = useUploads((file, sending) => files.send(path, file, sending), refresh);
  const { form, keepMine } = useEditForm(["points", "feedback"], version, async (values, said) => {
    const change = changeOf(rubric, value, values, said === null);
    const wish = { ...change, released: released.current };
    try {
      await assignments.setGrade(course_id, id, student, wish, said ?? seen.current);
    } catch (error) {
      if (isOvertaken(error)) await look();
      throw error;
    }
    toast(released.current ? "The student sees the grade now." : "Kept as a draft.");
    await Promise.all([onAgain(), onDone()]);
  });
  // The first of the two is what Enter does: it shows a student nothing new.
  const release = (
    <Submit
      form={form}
      disabled={uploads.busy}
      onClick={() => {
        released.current = true;
      }}
      data-testid="save-and-release"
    >
      {value.released ? "Save for the student" : "Save and release"}
    </Submit>
  );
  const draft = (
    <Button
      type="submit"
      busy={form.busy}
      disabled={uploads.busy}
      onClick={() => {
        released.current = false;
      }}
      data-testid="save-draft"
    >
      {value.released ? "Take back into a draft" : "Save as draft"}
    </Button>
  );
  return (
    <Card>
      <form
        className="form"
        onSubmit={form.onSubmit}
        onInput={(event) => setTyped(fieldsOf(event.currentTarget))}
        data-testid="grading"
      >
        <div className="work-head">
          <h3>Grade</h3>
          {value.version > 0 && (
            <Badge tone={value.released ? "accent" : "warn"} testId="grade-state">
              {value.released ? "Released" : "Draft"}
            </Badge>
          )}
        </div>
        <EditTrouble form={form} onTheirs={() => void onAgain()} onMine={keepMine} />
        <PointsFields assignment={assignment} grade={value} typed={typed} error={form.fields.points} />
        <TextField
          label="Feedback"
          name="feedback"
          rows={5}
          maxLength={50_000}
          defaultValue={value.feedback}
          error={form.fields.feedback}
          data-testid="grade-feedback"
        />
        {othersFiles && (
          <p role="status" data-testid="others-files">
            The files have changed, too. Here they are as they are now, and are kept with yours.
          </p>
        )}
        <FileLinks
          files={held}
          label="Files of feedback"
          onRemove={async (file) => {
            await assignments.deleteFile(path, file.id);
            await refresh();
          }}
        />
        <FileDrop
          label="Add files"
          hint="The student has them with the grade."
          uploads={uploads}
          testId="feedback-files"
        />
        {isAhead(value) && (
          <CheckField
            label="The same points for the newest attempt"
            name="for_newest"
            hint="It was handed in after these points were given. Points that you change are for it anyway."
            data-testid="for-newest"
          />
        )}
        {for_groups && (
          <CheckField
            label="The same for everybody in the group"
            name="for_group"
            hint="Points, feedback and files, in place of what the others have."
            data-testid="for-group"
          />
        )}
        <div className="work-head">
          {value.released ? release : draft}
          {value.released ? draft : release}
        </div>
      </form>
    </Card>
  );
}
