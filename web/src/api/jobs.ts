/** What is done with recordings when they have ended. */
import type { HttpClient } from "./http";

export interface Job {
  id: string;
  recording_id: string;
  kind: "upload" | "ladder";
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  /** 0 to 1. */
  progress: number;
  /** Null while nobody can tell. */
  eta_seconds: number | null;
  attempts: number;
  /** Why it failed, or the last try did, as a sentence. */
  last_error: string | null;
  /** Set while it is queued. */
  next_try_at: string | null;
}

/** How many recordings the server answers about at once. */
const AT_A_TIME = 100;

const one = ({ recording_id, id }: Job) => `/api/v1/recordings/${recording_id}/jobs/${id}`;

export function jobsApi(http: HttpClient) {
  return {
    /** Of those of these recordings that the person may change: what is not done yet, or failed. */
    unfinished: async (recordings: readonly string[], signal?: AbortSignal): Promise<Job[]> => {
      const found: Job[] = [];
      for (let at = 0; at < recordings.length; at += AT_A_TIME) {
        const ids = recordings.slice(at, at + AT_A_TIME).join(",");
        const path = `/api/v1/jobs?recording_ids=${ids}`;
        found.push(...(await http.json<{ items: Job[] }>("GET", path, undefined, signal)).items);
      }
      return found;
    },
    cancel: (job: Job) => http.json<Job>("POST", `${one(job)}/cancel`, {}),
    /** Of what failed or was cancelled; of what waits, at once. */
    retry: (job: Job) => http.json<Job>("POST", `${one(job)}/retry`, {}),
  };
}

export type JobsApi = ReturnType<typeof jobsApi>;
