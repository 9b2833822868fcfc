/** For students: out of the course, or off its waiting list. */
import { useState } from "react";
import { useLocation } from "wouter";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { useTask } from "../../hooks/useTask";
import { useApi, useSession } from "../../session/Session";
import { useCourse } from "./useCourse";

export function LeaveCourse() {
  const { course, staff } = useCourse();
  const { enrolments } = useApi();
  const { state } = useSession();
  const [, go] = useLocation();
  const [asked, setAsked] = useState(false);
  const task = useTask();
  const user = state.phase === "ready" ? state.user : null;
  if (!user || staff || course.enrollment_status === null) return null;
  const waits = course.enrollment_status === "waiting";
  const leave = async () => {
    const done = waits ? "You wait no more." : `You have left “${course.name}”.`;
    const left = await task.run(() => enrolments.end(course.id, user.user_id), done);
    setAsked(false);
    if (left) go("/courses");
  };
  return (
    <>
      <Button tone="quiet" icon="leave" onClick={() => setAsked(true)} data-testid="leave-course">
        {waits ? "Wait no more" : "Leave the course"}
      </Button>
      <Dialog
        title={waits ? "Leave the waiting list?" : "Leave this course?"}
        open={asked}
        onClose={() => setAsked(false)}
      >
        <p className="soft">
          {waits
            ? "You lose your place on the list."
            : "You see nothing of it any more. To come back you need a place, and perhaps a new code."}
        </p>
        <DialogActions>
          <Button onClick={() => setAsked(false)}>Stay</Button>
          <Button tone="danger" busy={task.busy} onClick={() => void leave()} data-testid="confirm-leave">
            Leave
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}
