/** Who has taken a quiz and what came of it, for staff; grading anew, and more time for single students. */
import { useCallback, useState } from "react";
import { Link } from "wouter";
import { readFirst } from "../../../api/pages";
import type { Attempt, AttemptPage, Quiz } from "../../../api/quizzes";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useToast } from "../../../design/Toast";
import { moment, momentWithin, plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { ExtraTimeDialog } from "./ExtraTimeDialog";
import { reachedIn } from "./quiz_words";

const FRESH_MS = 15_000;
const ROWS = 100;
const NONE = { people: 0, attempts: 0, ended: 0 };

export function StaffResults({ quiz }: { quiz: Quiz }) {
  const { quizzes } = useApi();
  const { course } = useCourse();
  const { course_id, id } = quiz;
  const [shown, setShown] = useState(ROWS);
  const load = useCallback(
    async (signal: AbortSignal) => {
      let counts: AttemptPage["counts"] = null;
      const read = await readFirst(shown, async (page) => {
        const one = await quizzes.attempts(course_id, id, page, signal);
        counts ??= one.counts;
        return one;
      });
      return { ...read, counts: counts ?? NONE };
    },
    [quizzes, course_id, id, shown],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const [more, setMore] = useState(false);
  const toast = useToast();
  const task = useTask();
  const regrade = () =>
    void task.run(async () => {
      const { attempts, changed } = await quizzes.regrade(course_id, id);
      await reload();
      toast(
        `${plural(attempts, "attempt was", "attempts were")} graded anew: ` +
          `${changed === 0 ? "none is" : plural(changed, "is", "are")} worth something else now.`,
      );
    });
  return (
    <div className="work-card">
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the results" />}
      {data && (
        <div className="course-part-head">
          <p role="status">
            {plural(data.counts.people, "student has", "students have")} begun, {data.counts.ended} of{" "}
            {plural(data.counts.attempts, "attempt has", "attempts have")} ended.
          </p>
          {course.status !== "archived" && (
            <div className="course-tools-end">
              <Button size="small" icon="plus" onClick={() => setMore(true)} data-testid="extra-time">
                Extra time
              </Button>
              {data.counts.ended > 0 && (
                <Button size="small" icon="retry" busy={task.busy} onClick={regrade} data-testid="regrade">
                  Grade anew
                </Button>
              )}
            </div>
          )}
        </div>
      )}
      {data?.items.length === 0 && (
        <EmptyState icon="users" title="Nobody has begun yet">
          Attempts are listed here as soon as they begin.
        </EmptyState>
      )}
      {data && data.items.length > 0 && (
        <ul className="list" data-testid="quiz-results-list">
          {data.items.map((one) => (
            <Row key={one.id} attempt={one} quiz={quiz} />
          ))}
        </ul>
      )}
      {data?.more && (
        <p className="list-more">
          <Button
            busy={data.asked < shown}
            onClick={() => setShown(data.asked + ROWS)}
            data-testid="more-results"
          >
            Show more
          </Button>
          <span className="soft numbers">
            {data.items.length} of {data.counts.attempts}
          </span>
        </p>
      )}
      <ExtraTimeDialog quiz={quiz} open={more} onClose={() => setMore(false)} />
    </div>
  );
}

function Row({ attempt, quiz }: { attempt: Attempt; quiz: Quiz }) {
  const { id, full_name, number, begun_at, ended_at, ended_by } = attempt;
  const when =
    ended_at === null
      ? `Begun ${momentWithin(begun_at)}`
      : `Ended ${momentWithin(ended_at)}${ended_by === "time" ? ", by time" : ""}`;
  return (
    <li className="upload" data-testid={`result-${full_name}-${number}`}>
      <div className="list-row-words">
        <Link href={`/courses/${quiz.course_id}/quizzes?quiz=${quiz.id}&attempt=${id}`}>{full_name}</Link>
        <p className="list-row-facts" title={moment(begun_at)}>
          {[quiz.attempts_allowed !== 1 && `Attempt ${number}`, when].filter(Boolean).join(" · ")}
        </p>
      </div>
      {ended_at === null ? (
        <Badge tone="warn" pulse>
          At it
        </Badge>
      ) : (
        <Badge tone="accent">{reachedIn(attempt)}</Badge>
      )}
    </li>
  );
}
