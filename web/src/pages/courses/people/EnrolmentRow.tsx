import { useState } from "react";
import type { Enrolment } from "../../../api/enrolments";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { Icon } from "../../../design/Icon";
import { Menu, type MenuItem } from "../../../design/Menu";
import { day, plural } from "../../../format";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { ROLE_NAMES, WITH_ARTICLE } from "../../people/roles";
import { useCourse } from "../useCourse";

/** Roles that may be given besides how somebody is enrolled; the server decides in the end. */
const GIVEN = ["student", "assistant", "teacher"] as const;

export function EnrolmentRow({
  enrolment,
  change,
  onDone,
}: {
  enrolment: Enrolment;
  change: boolean;
  onDone: () => Promise<void>;
}) {
  const { course, may } = useCourse();
  const { enrolments } = useApi();
  const task = useTask();
  const [removing, setRemoving] = useState(false);
  const { student_id, full_name, email, role_held, status, place, enrollment_date } = enrolment;
  const give = (wanted: (typeof GIVEN)[number]) =>
    void task.run(async () => {
      await enrolments.giveRole(course.id, student_id, wanted);
      await onDone();
    }, `${full_name} is ${WITH_ARTICLE[wanted]} in this course now.`);
  const items: MenuItem[] = [
    ...(may("appoint") && status === "active"
      ? GIVEN.map((wanted) => ({
          label: `Give the role: ${ROLE_NAMES[wanted].toLowerCase()}`,
          act: () => give(wanted),
        }))
      : []),
    {
      label: status === "waiting" ? "Take off the list" : "Take out of the course",
      icon: "trash",
      danger: true,
      testId: "unenrol",
      act: () => setRemoving(true),
    },
  ];
  const remove = async () => {
    await task.run(async () => {
      await enrolments.end(course.id, student_id);
      await onDone();
    }, `${full_name} is not in the course any more.`);
    setRemoving(false);
  };
  return (
    <li className="list-row course-row" data-testid={`enrolment-${email}`}>
      <div className="list-row-words">
        <strong>{full_name}</strong>
        <p className="list-row-facts">
          {email}, {status === "waiting" ? "waits" : "here"} since {day(enrollment_date)}
        </p>
      </div>
      {place !== null ? (
        <Badge tone="warn">{place === 1 ? "Next" : `Place ${place}`}</Badge>
      ) : (
        <Badge tone={role_held === "student" ? "neutral" : "accent"}>{ROLE_NAMES[role_held]}</Badge>
      )}
      {change && (
        <Menu
          label={`More for ${full_name}`}
          items={items}
          className="button button-quiet button-small button-icon"
          testId={`more-${email}`}
        >
          <Icon name="more" size={18} />
        </Menu>
      )}
      <Dialog title={`Take ${full_name} out?`} open={removing} onClose={() => setRemoving(false)}>
        <p className="soft">
          {status === "waiting"
            ? "They lose their place on the waiting list."
            : `They see nothing of “${course.name}” any more, and leave its lessons at once.`}
          {status === "active" &&
            role_held === "student" &&
            course.max_students !== null &&
            ` Of ${plural(course.max_students, "place", "places")} theirs goes to who is first on the waiting list.`}
        </p>
        <DialogActions>
          <Button onClick={() => setRemoving(false)}>Leave them in</Button>
          <Button tone="danger" busy={task.busy} onClick={() => void remove()} data-testid="confirm-unenrol">
            Take out
          </Button>
        </DialogActions>
      </Dialog>
    </li>
  );
}
