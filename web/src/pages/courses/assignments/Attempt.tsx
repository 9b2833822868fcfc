import type { Submission } from "../../../api/assignments";
import { Badge } from "../../../design/Badge";
import { Card } from "../../../design/Card";
import { plural } from "../../../format";
import { FileLinks } from "../files/FileLinks";
import { handedIn, WORK_STATUSES } from "./assignment_words";

/** What was handed in, as it was then. */
export function Attempt({ attempt }: { attempt: Submission }) {
  const { status, late_days, text, files } = attempt;
  return (
    <div className="work-card" data-testid={`attempt-${attempt.attempt}`}>
      <Card>
        <div className="work-head">
          <h3>Attempt {attempt.attempt}</h3>
          <span className="list-row-facts">{handedIn(attempt.handed_in_at)}</span>
          {status === "late" && (
            <Badge tone={WORK_STATUSES.late.tone}>Late by up to {plural(late_days, "day", "days")}</Badge>
          )}
        </div>
        {text && <p className="work-text">{text}</p>}
        <FileLinks files={files} label={`Files of attempt ${attempt.attempt}`} />
      </Card>
    </div>
  );
}
