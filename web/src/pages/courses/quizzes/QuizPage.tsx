/** One quiz: for a student what they may take and have taken, for staff who has and what came of it. */

import { useCallback, useState } from "react";
import { Link, useLocation } from "wouter";
import type { Quiz } from "../../../api/quizzes";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { Icon } from "../../../design/Icon";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useNow } from "../../../hooks/useNow";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { AttemptPage } from "./AttemptPage";
import { OwnAttempts } from "./OwnAttempts";
import { QuizDialog } from "./QuizDialog";
import { attemptsOf, limitOf, RESULTS_WORDS, timesOf } from "./quiz_words";
import { StaffResults } from "./StaffResults";

const FRESH_MS = 20_000;

export function QuizPage({ id, attempt }: { id: string; attempt: string }) {
  const { course, staff } = useCourse();
  const { quizzes } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => quizzes.get(course.id, id, signal),
    [quizzes, course.id, id],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const quiz = data?.value;
  const root = `/courses/${course.id}/quizzes`;
  return (
    <div>
      <p className="back-line">
        <Link href={attempt ? `${root}?quiz=${id}` : root} className="back-link">
          <Icon name="back" size={16} />
          {attempt ? (quiz?.title ?? "The quiz") : "Quizzes"}
        </Link>
      </p>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!quiz && !error && <Loading label="Loading the quiz" />}
      {quiz && attempt && <AttemptPage key={attempt} quiz={quiz} id={attempt} />}
      {quiz && !attempt && (
        <>
          <Head quiz={quiz} onDone={reload} />
          {staff ? <StaffResults quiz={quiz} /> : <OwnAttempts quiz={quiz} />}
        </>
      )}
    </div>
  );
}

function Head({ quiz, onDone }: { quiz: Quiz; onDone: () => Promise<void> }) {
  const { course, staff } = useCourse();
  const now_ms = useNow(15_000);
  const asked = quiz.parts?.reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <div className="course-part-head">
        <h2>{quiz.title}</h2>
        {staff && course.status !== "archived" && <StaffTools quiz={quiz} onDone={onDone} />}
      </div>
      <p className="soft">
        {[
          timesOf(quiz, now_ms),
          limitOf(quiz),
          attemptsOf(quiz),
          asked !== undefined && plural(asked, "question", "questions"),
        ]
          .filter(Boolean)
          .join(" · ")}
        . Results are shown {RESULTS_WORDS[quiz.results]}.
        {!quiz.published && (
          <>
            {" "}
            <Badge tone="warn">Hidden</Badge>
          </>
        )}
      </p>
      {quiz.description && <p className="course-text work-about">{quiz.description}</p>}
    </>
  );
}

function StaffTools({ quiz, onDone }: { quiz: Quiz; onDone: () => Promise<void> }) {
  const { quizzes } = useApi();
  const [, go] = useLocation();
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const task = useTask();
  const publish = () =>
    void task.run(async () => {
      await quizzes.change(quiz.course_id, quiz.id, { published: true });
      await onDone();
    }, "Students see it now.");
  const remove = async () => {
    const done = await task.run(async () => {
      await quizzes.delete(quiz.course_id, quiz.id);
      go(`/courses/${quiz.course_id}/quizzes`);
    }, `“${quiz.title}” is gone.`);
    if (!done) setOpen(null);
  };
  return (
    <div className="course-tools-end">
      {!quiz.published && (
        <Button size="small" tone="primary" busy={task.busy} onClick={publish} data-testid="publish-quiz">
          Show to students
        </Button>
      )}
      <Button size="small" icon="edit" onClick={() => setOpen("edit")} data-testid="edit-quiz">
        Edit
      </Button>
      <Button size="small" icon="trash" onClick={() => setOpen("delete")} data-testid="delete-quiz">
        Delete
      </Button>
      <QuizDialog open={open === "edit"} id={quiz.id} onClose={() => setOpen(null)} onDone={onDone} />
      <Dialog title="Delete this quiz?" open={open === "delete"} onClose={() => setOpen(null)}>
        <p className="soft">One that somebody has attempted stays: hide it instead. Its questions stay.</p>
        <DialogActions>
          <Button onClick={() => setOpen(null)}>Keep it</Button>
          <Button
            tone="danger"
            busy={task.busy}
            onClick={() => void remove()}
            data-testid="confirm-delete-quiz"
          >
            Delete it
          </Button>
        </DialogActions>
      </Dialog>
    </div>
  );
}
