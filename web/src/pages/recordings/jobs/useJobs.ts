/** What is done with recordings, read again as long as something is at it. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { Job } from "../../../api/jobs";
import type { Recording } from "../../../api/recordings";
import { useToast } from "../../../design/Toast";
import { useLoaded } from "../../../hooks/useLoaded";
import { useApi } from "../../../session/Session";
import { doneWords, endedJustNow, finishedSince, hasJobs, isOpen } from "./job_words";

const FRESH_MS = 3_000;
const NONE: readonly Job[] = [];

export interface SeenJobs {
  of: (recording: string) => readonly Job[];
  reload: () => Promise<void>;
}

export function useJobs(
  recordings: readonly Pick<Recording, "recording_id" | "title" | "may" | "status" | "stopped_at">[],
): SeenJobs {
  const { jobs } = useApi();
  const toast = useToast();
  const shown = recordings.filter(hasJobs);
  const ids = shown.map(({ recording_id }) => recording_id).join(",");
  const load = useCallback(
    async (signal: AbortSignal) => (ids === "" ? NONE : jobs.unfinished(ids.split(","), signal)),
    [jobs, ids],
  );
  const [goesOn, setGoesOn] = useState(false);
  const { data, reload } = useLoaded(load, goesOn ? FRESH_MS : 0);
  const mayCome = shown.some((one) => endedJustNow(one, Date.now()));
  const isAtIt = data?.some(isOpen) ?? false;
  useEffect(() => setGoesOn(isAtIt || mayCome), [isAtIt, mayCome]);

  const before = useRef<readonly Job[]>(NONE);
  const titles = useRef(new Map<string, string>());
  titles.current = new Map(shown.map(({ recording_id, title }) => [recording_id, title]));
  useEffect(() => {
    if (!data) return;
    for (const job of finishedSince(before.current, data)) {
      const title = titles.current.get(job.recording_id);
      if (title !== undefined) toast(doneWords(job, title || "Untitled"));
    }
    before.current = data;
  }, [data, toast]);

  return {
    of: (recording) => data?.filter(({ recording_id }) => recording_id === recording) ?? NONE,
    reload,
  };
}
