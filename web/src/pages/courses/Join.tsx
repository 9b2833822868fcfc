/** Joining a course by a link: `/courses/join#token=…`. */
import { useCallback, useEffect, useMemo } from "react";
import { useLocation } from "wouter";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Loading } from "../../design/Spinner";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { forgetCourseLink } from "../../session/course_link";
import { useApi } from "../../session/Session";
import { Entrance } from "../entrance/Entrance";
import { JoinForm } from "./JoinByCode";

const TITLE = "Join a course";

export function Join({ token }: { token: string | null }) {
  useTitle(TITLE);
  const { enrolments } = useApi();
  const [, go] = useLocation();
  const secret = useMemo(() => (token === null ? null : { token }), [token]);
  const load = useCallback(async () => (secret ? enrolments.look(secret) : null), [enrolments, secret]);
  const { data, error, code, missing, reload } = useLoaded(load);
  const known = data !== null || missing || code === "already_enrolled" || code === "already_waiting";
  // Once it is told what it is for it is not wanted a second time; until then another try may need it.
  useEffect(() => {
    if (known) forgetCourseLink();
  }, [known]);
  if (data && secret) {
    return (
      <Entrance title={TITLE} lead="You were given a link to this course.">
        <JoinForm secret={secret} told={data} onCancel={() => go("/courses")} />
      </Entrance>
    );
  }
  return (
    <Entrance title={TITLE} lead="By the link that you were given.">
      {token === null || error ? (
        <EmptyState
          icon={token === null || missing ? "link" : "warning"}
          title={token === null ? "This link is not complete" : "That did not work"}
          action={
            <>
              {error && !known && <Button onClick={() => void reload()}>Try again</Button>}
              <ButtonLink href="/courses">To the courses</ButtonLink>
            </>
          }
        >
          {error ?? "Open it once more from where you got it, or ask who gave it to you for a code."}
        </EmptyState>
      ) : (
        <Loading label="Looking what the link is for" />
      )}
    </Entrance>
  );
}
