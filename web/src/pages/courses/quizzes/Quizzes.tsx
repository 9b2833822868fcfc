/** The quizzes of a course, or the one that the address names (`?quiz=`, and `&attempt=`). */

import { useCallback, useState } from "react";
import { Link, useSearch } from "wouter";
import type { Quiz } from "../../../api/quizzes";
import { Badge } from "../../../design/Badge";
import { Button, ButtonLink } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { plural } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useNow } from "../../../hooks/useNow";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { saveFile } from "../../save_file";
import { useCourse } from "../useCourse";
import { QuizDialog } from "./QuizDialog";
import { QuizPage } from "./QuizPage";
import "./Quizzes.css";
import { doorOf, limitOf, timesOf } from "./quiz_words";
import { readQuizzes } from "./whole_lists";

const FRESH_MS = 20_000;

export function Quizzes() {
  const query = new URLSearchParams(useSearch());
  const one = query.get("quiz");
  return one ? <QuizPage key={one} id={one} attempt={query.get("attempt") ?? ""} /> : <List />;
}

function List() {
  const { course, staff } = useCourse();
  const { quizzes } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => readQuizzes(quizzes, course.id, signal),
    [quizzes, course.id],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const now_ms = useNow(15_000);
  const [making, setMaking] = useState(false);
  const task = useTask();
  const change = staff && course.status !== "archived";
  const save = () =>
    void task.run(async () => saveFile(await quizzes.exportResults(course.id), "quizzes.csv"));
  const button = (
    <Button tone="primary" icon="plus" onClick={() => setMaking(true)} data-testid="new-quiz">
      New quiz
    </Button>
  );
  return (
    <div>
      {staff && (
        <div className="course-tools">
          <ButtonLink href={`/courses/${course.id}/questions`} icon="list" testId="question-bank">
            Question bank
          </ButtonLink>
          <div className="course-tools-end">
            {data && data.items.length > 0 && (
              <>
                <Button icon="download" busy={task.busy} onClick={save} data-testid="export-results">
                  Save results as CSV
                </Button>
                {change && button}
              </>
            )}
          </div>
        </div>
      )}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading quizzes" />}
      {data?.items.length === 0 && (
        <EmptyState icon="poll" title="No quizzes yet" action={change && button}>
          {change
            ? "Put questions into the bank, then make quizzes of them; they are graded by rule."
            : "Quizzes that you can take appear here."}
        </EmptyState>
      )}
      {data && data.items.length > 0 && (
        <ul className="list" data-testid="quizzes">
          {data.items.map((quiz) => (
            <Row key={quiz.id} quiz={quiz} now_ms={now_ms} />
          ))}
        </ul>
      )}
      <QuizDialog open={making} id={null} onClose={() => setMaking(false)} onDone={reload} />
    </div>
  );
}

function Row({ quiz, now_ms }: { quiz: Quiz; now_ms: number }) {
  const asked = quiz.parts?.reduce((sum, { count }) => sum + count, 0);
  return (
    <li className="upload" data-testid={`quiz-${quiz.title}`}>
      <div className="list-row-words">
        <Link href={`/courses/${quiz.course_id}/quizzes?quiz=${quiz.id}`}>{quiz.title}</Link>
        <p className="list-row-facts">
          {[
            timesOf(quiz, now_ms),
            limitOf(quiz),
            asked !== undefined && plural(asked, "question", "questions"),
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      {quiz.published ? (
        <Badge tone={doorOf(quiz, now_ms) === "open" ? "accent" : "neutral"}>
          {{ early: "Not open yet", open: "Open", closed: "Closed" }[doorOf(quiz, now_ms)]}
        </Badge>
      ) : (
        <Badge tone="warn">Hidden</Badge>
      )}
    </li>
  );
}
