/** What a student can do with a quiz: begin, go on, and look at what came of it. */
import { useCallback } from "react";
import { Link, useLocation } from "wouter";
import { readFirst } from "../../../api/pages";
import type { Attempt, Quiz } from "../../../api/quizzes";
import { Badge } from "../../../design/Badge";
import { Button, ButtonLink } from "../../../design/Button";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { moment, momentWithin, plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useNow } from "../../../hooks/useNow";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { COUNTS_WORDS, countedOf, doorOf, reachedIn } from "./quiz_words";

const FRESH_MS = 15_000;
const MOST = 200;

export function OwnAttempts({ quiz }: { quiz: Quiz }) {
  const { quizzes } = useApi();
  const { course_id, id } = quiz;
  const load = useCallback(
    (signal: AbortSignal) => readFirst(MOST, (page) => quizzes.attempts(course_id, id, page, signal)),
    [quizzes, course_id, id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading your attempts" />;
  const counted = countedOf(data.items, quiz.counts);
  const several = data.items.filter(({ points }) => points !== null).length > 1;
  return (
    <div className="work-card">
      {error && <Notice tone="wrong">{error}</Notice>}
      <Begin quiz={quiz} attempts={data.items} />
      {several && counted !== null && (
        <p role="status">
          Of your attempts {COUNTS_WORDS[quiz.counts]} counts:{" "}
          <strong data-testid="quiz-counted">{reachedIn(counted)}</strong>
        </p>
      )}
      {data.items.length > 0 && (
        <ul className="list" data-testid="attempts">
          {data.items.map((one) => (
            <Row key={one.id} attempt={one} quiz={quiz} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Begin({ quiz, attempts }: { quiz: Quiz; attempts: readonly Attempt[] }) {
  const { course, may } = useCourse();
  const { quizzes } = useApi();
  const [, go] = useLocation();
  const door = doorOf(quiz, useNow(5_000));
  const task = useTask();
  const root = `/courses/${course.id}/quizzes?quiz=${quiz.id}`;
  const going = attempts.find(({ ended_at }) => ended_at === null);
  const left = quiz.attempts_allowed === null ? null : quiz.attempts_allowed - attempts.length;
  const begin = () =>
    void task.run(async () => {
      const { attempt } = await quizzes.begin(course.id, quiz.id);
      go(`${root}&attempt=${attempt.id}`);
    });
  if (going) {
    return (
      <Notice
        tone="warn"
        title="You are at this quiz"
        action={
          <ButtonLink href={`${root}&attempt=${going.id}`} tone="primary" testId="go-on">
            Go on
          </ButtonLink>
        }
      >
        {going.ends_at === null
          ? "What you have answered is saved."
          : `It ends ${momentWithin(going.ends_at)} by itself; what you have answered is saved.`}
      </Notice>
    );
  }
  if (course.role !== "student" || !may("view")) return null;
  if (door === "early") return <p className="soft">You can begin when it opens.</p>;
  if (left !== null && left <= 0) return <p className="soft">You have no attempt left.</p>;
  // Who has extra time may begin after the closing time: the server says whether.
  return (
    <p className="work-head">
      <span>
        <Button
          tone={attempts.length > 0 || door === "closed" ? "plain" : "primary"}
          icon="play"
          busy={task.busy}
          onClick={begin}
          data-testid="begin-quiz"
        >
          {door === "closed" ? "Begin with extra time" : attempts.length > 0 ? "Try again" : "Begin"}
        </Button>
      </span>
      {quiz.time_limit_minutes !== null && (
        <span className="soft">
          You have {plural(quiz.time_limit_minutes, "minute", "minutes")} from when you begin, also if you
          leave the page.
        </span>
      )}
      {left !== null && quiz.attempts_allowed !== 1 && <span className="soft">Attempts left: {left}.</span>}
    </p>
  );
}

function Row({ attempt, quiz }: { attempt: Attempt; quiz: Quiz }) {
  const { id, number, begun_at, ended_at, ended_by, points } = attempt;
  return (
    <li className="upload" data-testid={`attempt-${number}`}>
      <div className="list-row-words">
        <Link href={`/courses/${quiz.course_id}/quizzes?quiz=${quiz.id}&attempt=${id}`}>
          Attempt {number}
        </Link>
        <p className="list-row-facts">
          {ended_at === null
            ? `Begun ${momentWithin(begun_at)}`
            : `${moment(ended_at)}${ended_by === "time" ? ", when the time was over" : ""}`}
        </p>
      </div>
      {ended_at === null ? (
        <Badge tone="warn">Not ended</Badge>
      ) : points === null ? (
        <Badge>Ended; no result yet</Badge>
      ) : (
        <Badge tone="accent">{reachedIn(attempt)}</Badge>
      )}
    </li>
  );
}
