/** Says why a recording does not play; tries again when the server has said that it may go, or somebody asks. */
import { useEffect, useState } from "react";
import { Button } from "../../design/Button";
import { Notice } from "../../design/Notice";
import { useSecondsLeft } from "../../hooks/useSecondsLeft";
import type { Failure } from "./failure";

/** So much later at most, for not all who were told the same are to come at once. */
const SPREAD = 0.25;

export function PlayProblem({ failure, onRetry }: { failure: Failure; onRetry: () => void }) {
  const { message, retry_s } = failure;
  const [until_ms] = useState(() => Date.now() + (retry_s ?? 0) * 1000 * (1 + SPREAD * Math.random()));
  const left_s = useSecondsLeft(until_ms);
  useEffect(() => {
    if (retry_s === null) return;
    const timer = setTimeout(onRetry, Math.max(0, until_ms - Date.now()));
    return () => clearTimeout(timer);
  }, [retry_s, until_ms, onRetry]);
  return (
    <Notice
      tone="wrong"
      testId="play-problem"
      action={
        <Button size="small" onClick={onRetry}>
          {retry_s === null ? "Try again" : "Try now"}
        </Button>
      }
    >
      {message}
      {retry_s !== null && <span aria-hidden="true">{` It is tried again in ${left_s} s.`}</span>}
    </Notice>
  );
}
