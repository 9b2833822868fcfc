/** One attempt: taken as long as it goes on, and looked at when it has ended. */
import { useCallback } from "react";
import type { Quiz } from "../../../api/quizzes";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi, useSession } from "../../../session/Session";
import { AttemptResult } from "./AttemptResult";
import { Taking } from "./Taking";

export function AttemptPage({ quiz, id }: { quiz: Quiz; id: string }) {
  const { quizzes } = useApi();
  const { state } = useSession();
  const me = state.phase === "ready" ? state.user?.user_id : undefined;
  const load = useCallback(
    (signal: AbortSignal) => quizzes.attempt(quiz.course_id, quiz.id, id, signal),
    [quizzes, quiz.course_id, quiz.id, id],
  );
  const { data, error, reload, setData } = useLoaded(load);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading the attempt" />;
  const { attempt } = data;
  return (
    <>
      {error && <Notice tone="wrong">{error}</Notice>}
      {attempt.ended_at === null && attempt.user_id === me ? (
        <Taking quiz={quiz} timed={data} onRead={reload} onEnded={setData} />
      ) : (
        <AttemptResult
          quiz={quiz}
          attempt={attempt}
          onChanged={(changed) => setData({ ...data, attempt: changed })}
        />
      )}
    </>
  );
}
