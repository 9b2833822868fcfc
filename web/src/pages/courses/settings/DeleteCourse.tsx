import { useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { Field } from "../../../design/Field";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";

export function DeleteCourse() {
  const { course } = useCourse();
  const { courses } = useApi();
  const [, go] = useLocation();
  const [asked, setAsked] = useState(false);
  const [typed, setTyped] = useState("");
  const task = useTask();
  const remove = async () => {
    if (await task.run(() => courses.delete(course.id), `“${course.name}” was deleted.`)) go("/courses");
  };
  return (
    <Card>
      <div className="form">
        <h2>The end</h2>
        <p className="soft">
          To put the course away, set its state to “Archived”: that can be undone. Deleting it cannot.
        </p>
        <p>
          <Button tone="danger" icon="trash" onClick={() => setAsked(true)} data-testid="delete-course">
            Delete the course
          </Button>
        </p>
      </div>
      <Dialog title="Delete this course?" open={asked} onClose={() => setAsked(false)}>
        <p className="soft">
          Its lessons with their rooms, its announcements, and who takes part will be gone. Recordings are
          kept, unpublished.
        </p>
        <Field
          label={`To go on, type the code: ${course.code}`}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          data-testid="typed-code"
        />
        <DialogActions>
          <Button onClick={() => setAsked(false)}>Keep it</Button>
          <Button
            tone="danger"
            busy={task.busy}
            disabled={typed.trim() !== course.code}
            onClick={() => void remove()}
            data-testid="confirm-delete-course"
          >
            Delete course
          </Button>
        </DialogActions>
      </Dialog>
    </Card>
  );
}
