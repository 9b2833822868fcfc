/** One assignment: for a student what they hand in and their grade, for staff who has and the grading of one. */

import { useCallback, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import type { Assignment } from "../../../api/assignments";
import { readFirst } from "../../../api/pages";
import { Button, ButtonLink } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { Icon } from "../../../design/Icon";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { AssignmentDialog } from "./AssignmentDialog";
import { dueOf, lateOf } from "./assignment_words";
import { GroupsPage } from "./GroupsPage";
import { OwnWork } from "./OwnWork";
import { Roster } from "./Roster";

const FRESH_MS = 20_000;
const LESSONS = 1000;

export function AssignmentPage({ id }: { id: string }) {
  const { course, staff } = useCourse();
  const { assignments } = useApi();
  const query = new URLSearchParams(useSearch());
  const student = query.get("student") ?? "";
  const groups = query.has("groups");
  const here = `/courses/${course.id}/assignments`;
  const load = useCallback(
    (signal: AbortSignal) => assignments.get(course.id, id, signal),
    [assignments, course.id, id],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const assignment = data?.value;
  return (
    <div>
      <p className="back-line">
        <Link href={groups ? `${here}?assignment=${id}` : here} className="back-link">
          <Icon name="back" size={16} />
          {groups ? (assignment?.title ?? "The assignment") : "Assignments"}
        </Link>
      </p>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!assignment && !error && <Loading label="Loading the assignment" />}
      {assignment && groups && staff && <GroupsPage assignment={assignment} />}
      {assignment && !(groups && staff) && (
        <>
          <div className="course-part-head">
            <h2>{assignment.title}</h2>
            {staff && course.status !== "archived" && <StaffTools assignment={assignment} onDone={reload} />}
          </div>
          <p className="soft">
            {[
              dueOf(assignment),
              plural(assignment.points, "point", "points"),
              assignment.for_groups && "for groups",
            ]
              .filter(Boolean)
              .join(" · ")}
            . {lateOf(assignment)}
          </p>
          {assignment.description && <p className="course-text work-about">{assignment.description}</p>}
          {staff ? <Roster assignment={assignment} student={student} /> : <OwnWork assignment={assignment} />}
        </>
      )}
    </div>
  );
}

function StaffTools({ assignment, onDone }: { assignment: Assignment; onDone: () => Promise<void> }) {
  const { assignments, outline } = useApi();
  const [, go] = useLocation();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const task = useTask();
  const course = assignment.course_id;
  const load = useCallback(
    (signal: AbortSignal) => readFirst(LESSONS, (page) => outline.lessons(course, page, signal)),
    [outline, course],
  );
  const { data } = useLoaded(load);
  const remove = () =>
    void task.run(async () => {
      await assignments.delete(course, assignment.id);
      go(`/courses/${course}/assignments`);
    }, `“${assignment.title}” is gone.`);
  return (
    <div className="course-tools-end">
      {assignment.for_groups && (
        <ButtonLink
          href={`/courses/${course}/assignments?assignment=${assignment.id}&groups`}
          size="small"
          icon="groups"
          testId="assignment-groups"
        >
          Groups
        </ButtonLink>
      )}
      <Button size="small" icon="edit" onClick={() => setOpen("edit")} data-testid="edit-assignment">
        Edit
      </Button>
      <Button size="small" icon="trash" onClick={() => setOpen("delete")} data-testid="delete-assignment">
        Delete
      </Button>
      <AssignmentDialog
        open={open === "edit" && data !== null}
        id={assignment.id}
        lessons={data?.items ?? []}
        onClose={() => setOpen(null)}
        onDone={onDone}
      />
      <Dialog title="Delete this assignment?" open={open === "delete"} onClose={() => setOpen(null)}>
        <p className="soft">All that was handed in and graded goes with it, for good.</p>
        <DialogActions>
          <Button onClick={() => setOpen(null)}>Keep it</Button>
          <Button tone="danger" busy={task.busy} onClick={remove} data-testid="confirm-delete-assignment">
            Delete it
          </Button>
        </DialogActions>
      </Dialog>
    </div>
  );
}
