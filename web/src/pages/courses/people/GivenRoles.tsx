/** Roles that people were given in a course, which rank above how they are enrolled. */
import { useCallback, useState } from "react";
import type { GivenRole } from "../../../api/enrolments";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { day } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { ROLE_NAMES, roleOf } from "../../people/roles";
import { useCourse } from "../useCourse";
import { withoutRole } from "./role_words";

const MOST = 200;

export function GivenRoles({ onDone }: { onDone: () => Promise<void> }) {
  const { course } = useCourse();
  const { enrolments } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => readFirst(MOST, (page) => enrolments.roles(course.id, page, signal)),
    [enrolments, course.id],
  );
  const { data } = useLoaded(load);
  if (!data || data.items.length === 0) return null;
  return (
    <section className="course-part" aria-label="Roles given here">
      <div className="course-part-head">
        <h2>Roles given here</h2>
        <p className="soft">They count more than how somebody is enrolled. Students take a place by them.</p>
      </div>
      <ul className="list">
        {data.items.map((given) => (
          <Row key={given.user_id} given={given} onDone={onDone} />
        ))}
      </ul>
    </section>
  );
}

function Row({ given, onDone }: { given: GivenRole; onDone: () => Promise<void> }) {
  const { course, may } = useCourse();
  const { enrolments } = useApi();
  const task = useTask();
  const [taking, setTaking] = useState(false);
  const take = async () => {
    await task.run(async () => {
      await enrolments.takeRole(course.id, given.user_id);
      await onDone();
    }, `The role was taken from ${given.full_name}.`);
    setTaking(false);
  };
  return (
    <li className="list-row">
      <div className="list-row-words">
        <strong>{given.full_name}</strong>
        <p className="list-row-facts">
          {given.email}, since {day(given.granted_at)}
        </p>
      </div>
      <Badge tone="accent">{ROLE_NAMES[roleOf(given)]}</Badge>
      {may("appoint") && (
        <div className="list-row-actions">
          <Button
            size="small"
            tone="quiet"
            onClick={() => setTaking(true)}
            aria-label={`Take the role from ${given.full_name}`}
          >
            Take away
          </Button>
        </div>
      )}
      <Dialog title={`Take the role from ${given.full_name}?`} open={taking} onClose={() => setTaking(false)}>
        <p className="soft">{withoutRole(given, course.max_students !== null)}</p>
        <DialogActions>
          <Button onClick={() => setTaking(false)}>Leave it</Button>
          <Button tone="danger" busy={task.busy} onClick={() => void take()} data-testid="confirm-take-role">
            Take away
          </Button>
        </DialogActions>
      </Dialog>
    </li>
  );
}
