/** The codes and links by which people come into a course by themselves. */
import { useCallback, useState } from "react";
import type { CourseInvitation } from "../../../api/enrolments";
import { readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { useToast } from "../../../design/Toast";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { copyText } from "../../links";
import { ROLE_NAMES } from "../../people/roles";
import { useCourse } from "../useCourse";
import { WayDialog } from "./WayDialog";
import { isGood, usesOf, wayState } from "./way_words";

const MOST = 200;
const FRESH_MS = 30_000;

export function WaysIn({ change }: { change: boolean }) {
  const { course } = useCourse();
  const { enrolments } = useApi();
  const [making, setMaking] = useState(false);
  const [all, setAll] = useState(false);
  const load = useCallback(
    (signal: AbortSignal) => readFirst(MOST, (page) => enrolments.invitations(course.id, page, signal)),
    [enrolments, course.id],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const shown = data?.items.filter((one) => all || isGood(one));
  return (
    <section className="course-part" aria-label="Codes and links">
      <div className="course-part-head">
        <h2>Codes and links</h2>
        <div className="course-tools-end">
          {data?.items.some((one) => !isGood(one)) && (
            <Button tone="quiet" aria-pressed={all} onClick={() => setAll(!all)}>
              {all ? "Only those that are good" : "Show old ones, too"}
            </Button>
          )}
          {change && (
            <Button icon="plus" onClick={() => setMaking(true)} data-testid="new-way">
              New code or link
            </Button>
          )}
        </div>
      </div>
      {error && <p className="soft">{error}</p>}
      {shown?.length === 0 && (
        <p className="outline-none">
          Nobody comes in by a code or a link now. A code is short enough for the blackboard; a link is for
          mails.
        </p>
      )}
      {shown && shown.length > 0 && (
        <ul className="list" data-testid="ways-in">
          {shown.map((one) => (
            <Row key={one.id} way={one} change={change} onDone={reload} />
          ))}
        </ul>
      )}
      <WayDialog open={making} onClose={() => setMaking(false)} onDone={reload} />
    </section>
  );
}

function Row({
  way,
  change,
  onDone,
}: {
  way: CourseInvitation;
  change: boolean;
  onDone: () => Promise<void>;
}) {
  const { course } = useCourse();
  const { enrolments } = useApi();
  const toast = useToast();
  const task = useTask();
  const name = way.label || way.code || "Link";
  const good = isGood(way);
  const copy = async () => {
    const done = await copyText(way.code ?? "");
    toast(done ? "Code copied." : "The code could not be copied.", done ? {} : { tone: "wrong" });
  };
  const end = () =>
    void task.run(async () => {
      await enrolments.revoke(course.id, way.id);
      await onDone();
    }, "It lets nobody in any more.");
  return (
    <li className="list-row" data-testid={`way-${way.kind}`}>
      <div className="list-row-words">
        <strong className={way.code ? "way-code" : undefined}>{way.code ?? "Link"}</strong>
        <p className="list-row-facts">
          {[way.label, `for ${ROLE_NAMES[way.role].toLowerCase()}s`, usesOf(way), wayState(way)]
            .filter(Boolean)
            .join(", ")}
        </p>
      </div>
      {!good && <Badge>Over</Badge>}
      {good && (
        <div className="list-row-actions">
          {way.code && (
            <Button
              size="small"
              icon="copy"
              onClick={() => void copy()}
              aria-label={`Copy the code ${way.code}`}
            >
              Copy
            </Button>
          )}
          {change && (
            <Button
              size="small"
              tone="quiet"
              busy={task.busy}
              onClick={end}
              aria-label={`End it: ${name}`}
              data-testid="end-way"
            >
              End it
            </Button>
          )}
        </div>
      )}
    </li>
  );
}
