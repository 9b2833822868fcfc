/** A quiz being taken: its questions, the time that is left, and answers that are saved as they are given. */
import { useEffect, useRef, useState } from "react";
import type { Answer, Given, Quiz, TimedAttempt } from "../../../api/quizzes";
import { Button } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { Notice } from "../../../design/Notice";
import { clock, plural } from "../../../format";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { AnswerFields } from "./AnswerFields";
import { AnswerKeeper } from "./answer_keeper";
import { isAnswered } from "./quiz_words";
import { leftOf, spokenLeft } from "./time_left";

interface TakingProps {
  quiz: Quiz;
  timed: TimedAttempt;
  onRead: () => Promise<void>;
  onEnded: (ended: TimedAttempt) => void;
}

const TICK_MS = 500;
/** What was answered last is sent so long before the end. */
const LAST_MS = 3_000;
/** The server ends it at its time; asked a moment later it has. */
const AFTER_MS = 700;

export function Taking({ quiz, timed, onRead, onEnded }: TakingProps) {
  const { quizzes } = useApi();
  const { attempt, ahead_ms } = timed;
  const [questions, setQuestions] = useState(attempt.questions);
  const [, redraw] = useState(0);
  const [finishing, setFinishing] = useState(false);
  const task = useTask();
  const read = useRef(onRead);
  read.current = onRead;
  const { course_id, id } = quiz;
  const made = useRef<AnswerKeeper>(null);
  // The same for as long as the attempt goes on, whatever is read of it meanwhile.
  const [keeper] = useState(
    () =>
      new AnswerKeeper(
        {
          save: async (question, answer, version) =>
            (await quizzes.save(course_id, id, attempt.id, question, answer, version)).version,
          changed: () => redraw((times) => times + 1),
          over: () => void read.current(),
          overtaken: (question) => {
            // Another tab: what it has saved is shown.
            void quizzes.attempt(course_id, id, attempt.id).then(
              ({ attempt: now }) => {
                const there = now.questions.find(({ question_id }) => question_id === question);
                if (!there) return;
                made.current?.setVersion(question, there.version);
                setQuestions((all) => all.map((one) => (one.question_id === question ? there : one)));
              },
              () => undefined,
            );
          },
        },
        attempt.questions.map(({ question_id, version }) => [question_id, version]),
      ),
  );
  made.current = keeper;
  useLeaving(keeper);
  const answer = (given: Given, value: Answer | null, typed: boolean) => {
    setQuestions((all) =>
      all.map((one) => (one.question_id === given.question_id ? { ...one, answer: value } : one)),
    );
    keeper.write(given.question_id, value, typed);
  };
  const end = () =>
    task.run(async () => {
      if (!(await keeper.flush())) throw new Error("Some answers are not saved yet. Try again in a moment.");
      onEnded(await quizzes.end(course_id, id, attempt.id));
    });
  const left = questions.filter((one) => !isAnswered(one)).length;
  return (
    <div className="taking" data-testid="taking">
      <div className="taking-bar">
        <strong className="taking-title">{quiz.title}</strong>
        <TimeLeft
          ends_at={attempt.ends_at}
          ahead_ms={ahead_ms}
          onNearly={() => void keeper.flush()}
          onOver={() => {
            void keeper.flush().then(() => read.current());
          }}
        />
        <span className="soft" role="status" data-testid="kept" data-unsaved={keeper.unsaved}>
          {keeper.troubled ? "Not saved: trying again" : keeper.unsaved > 0 ? "Saving…" : "All saved"}
        </span>
        <Button tone="primary" onClick={() => setFinishing(true)} data-testid="finish-quiz">
          Finish
        </Button>
      </div>
      {keeper.troubled && (
        <Notice tone="wrong" testId="quiz-troubled">
          The server cannot be reached. Your answers stay here and are sent as soon as it can; keep this page
          open.
        </Notice>
      )}
      <ol className="quiz-questions">
        {questions.map((given, index) => (
          <li key={given.question_id}>
            <AnswerFields
              // What another tab has saved is shown in fields of its own.
              key={`${given.question_id} ${given.version}`}
              given={given}
              number={index + 1}
              refusal={keeper.refusalOf(given.question_id)}
              onAnswer={(value, typed) => answer(given, value, typed)}
            />
          </li>
        ))}
      </ol>
      <Dialog title="Finish this attempt?" open={finishing} onClose={() => setFinishing(false)}>
        <p className="soft">
          {left > 0
            ? `${plural(left, "question is", "questions are")} not answered. `
            : "You have answered everything. "}
          Once it is finished, nothing can be changed.
        </p>
        <DialogActions>
          <Button onClick={() => setFinishing(false)}>Go on</Button>
          <Button tone="primary" busy={task.busy} onClick={() => void end()} data-testid="confirm-finish">
            Finish
          </Button>
        </DialogActions>
      </Dialog>
    </div>
  );
}

/** Who leaves the page with something unsaved is asked first; what waits is sent then. */
function useLeaving(keeper: AnswerKeeper): void {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (keeper.unsaved > 0) event.preventDefault();
    };
    const hidden = () => {
      if (document.visibilityState === "hidden") void keeper.flush();
    };
    window.addEventListener("beforeunload", ask);
    document.addEventListener("visibilitychange", hidden);
    return () => {
      window.removeEventListener("beforeunload", ask);
      document.removeEventListener("visibilitychange", hidden);
      void keeper.flush();
    };
  }, [keeper]);
}

function TimeLeft({
  ends_at,
  ahead_ms,
  onNearly,
  onOver,
}: {
  ends_at: string | null;
  ahead_ms: number;
  onNearly: () => void;
  onOver: () => void;
}) {
  const [left_ms, setLeft] = useState(() => leftOf(ends_at, ahead_ms, Date.now()));
  const told = useRef({ onNearly, onOver });
  told.current = { onNearly, onOver };
  useEffect(() => {
    if (ends_at === null) return;
    let nearly = false;
    let over_ms = 0;
    const look = () => {
      const now = leftOf(ends_at, ahead_ms, Date.now()) ?? 0;
      setLeft(now);
      if (!nearly && now <= LAST_MS) {
        nearly = true;
        told.current.onNearly();
      }
      // Again while it is not: the clocks may differ by a second.
      if (now <= over_ms - AFTER_MS) {
        over_ms = now - 2_000;
        told.current.onOver();
      }
    };
    const timer = setInterval(look, TICK_MS);
    return () => clearInterval(timer);
  }, [ends_at, ahead_ms]);
  if (left_ms === null) return null;
  const seconds = Math.max(0, Math.ceil(left_ms / 1000));
  return (
    <span className={seconds <= 60 ? "taking-left taking-last" : "taking-left"}>
      <span className="numbers" data-testid="time-left" role="timer">
        {clock(seconds)} left
      </span>
      <span className="visually-hidden" role="status">
        {spokenLeft(seconds)}
      </span>
    </span>
  );
}
