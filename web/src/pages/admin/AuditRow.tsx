import { useId, useState } from "react";
import type { AuditEntry, AuditFilter } from "../../api/audit";
import { Button } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { moment } from "../../format";
import { eventWords, factsOf, subjectParts } from "./audit_words";

/** One entry: a line, and all that is known of it when unfolded. */
export function AuditRow({
  entry,
  onNarrow,
}: {
  entry: AuditEntry;
  onNarrow: (changes: Partial<AuditFilter>) => void;
}) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const subject = subjectParts(entry.subject);
  const who = entry.actor_name ?? (entry.actor_id ? "Somebody erased" : "Nobody signed in");
  return (
    <li data-testid="audit-entry" data-event={entry.event}>
      <button
        type="button"
        className="audit-line"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
      >
        <time className="numbers soft" dateTime={entry.at}>
          {moment(entry.at)}
        </time>
        <strong>{eventWords(entry.event)}</strong>
        <span>{who}</span>
        <span className="soft numbers">{entry.ip ?? ""}</span>
        <Icon name="forward" size={16} />
      </button>
      {open && (
        <div className="audit-more" id={id}>
          <dl className="audit-facts">
            <div>
              <dt>When</dt>
              <dd className="numbers">{entry.at}</dd>
            </div>
            {factsOf(entry).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          <div className="audit-actions">
            {entry.actor_id && (
              <Button size="small" onClick={() => onNarrow({ actor_id: entry.actor_id ?? "" })}>
                Only by {entry.actor_name ?? "this person"}
              </Button>
            )}
            {entry.subject && (
              <Button size="small" onClick={() => onNarrow({ subject: entry.subject ?? "" })}>
                Only about this {subject?.kind || "subject"}
              </Button>
            )}
            <Button size="small" onClick={() => onNarrow({ event: entry.event })}>
              Only this event
            </Button>
          </div>
        </div>
      )}
    </li>
  );
}
