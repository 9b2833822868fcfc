/** What is done with a recording that has ended: how far it is, why it failed, and what can be done about it. */
import type { Job } from "../../../api/jobs";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import "../Recordings.css";
import "./Jobs.css";
import { beginWords, isOpen, labelOf, reasonOf, stateWords } from "./job_words";

interface Props {
  /** Of which recording, where that is not plain. */
  title: string;
  jobs: readonly Job[];
  onChange: () => Promise<void>;
}

export function Jobs({ title, jobs, onChange }: Props) {
  if (jobs.length === 0) return null;
  return (
    <ul className="jobs" aria-label={`What is done with “${title || "Untitled"}”`} data-testid="jobs">
      {jobs.map((job) => (
        <JobLine key={job.id} job={job} title={title} onChange={onChange} />
      ))}
    </ul>
  );
}

function JobLine({ job, title, onChange }: { job: Job; title: string; onChange: () => Promise<void> }) {
  const { jobs } = useApi();
  const task = useTask();
  const begin = beginWords(job);
  const reason = reasonOf(job);
  const label = labelOf(job);
  const act = (work: (job: Job) => Promise<unknown>, done: string) =>
    void task.run(() => work(job), done).then(onChange);
  return (
    <li className="job" data-testid={`job-${job.kind}`} data-state={job.state}>
      <div className="job-words">
        <strong>{label}</strong>{" "}
        {job.state === "failed" ? (
          <Badge tone="warn">{stateWords(job)}</Badge>
        ) : (
          <span className="job-state numbers">{stateWords(job)}</span>
        )}
        {job.state === "running" && (
          <progress className="recording-bar" max={1} value={job.progress} aria-label={label} />
        )}
        {reason && <p className="job-reason">{reason}</p>}
      </div>
      {begin && (
        <Button
          size="small"
          icon={job.state === "cancelled" ? "play" : "retry"}
          busy={task.busy}
          aria-label={`${begin}: ${title}`}
          onClick={() => act(jobs.retry, "It begins as soon as there is room for it.")}
          data-testid="job-begin"
        >
          {begin}
        </Button>
      )}
      {isOpen(job) && (
        <Button
          size="small"
          icon="close"
          busy={task.busy}
          aria-label={`Cancel: ${label} of ${title}`}
          onClick={() => act(jobs.cancel, `${label}: cancelled.`)}
          data-testid="job-cancel"
        >
          Cancel
        </Button>
      )}
    </li>
  );
}
