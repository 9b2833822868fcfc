import { useCallback, useEffect, useState } from "react";
import type { AuditFilter } from "../../api/audit";
import { Button } from "../../design/Button";
import { Field, SelectField } from "../../design/Field";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { eventWords } from "./audit_words";
import { PersonPicker } from "./PersonPicker";

interface Props {
  filter: AuditFilter;
  onChange: (changes: Partial<AuditFilter>) => void;
  /** Takes all filters off; null while there are none. */
  onClear: (() => void) | null;
}

export function AuditFilters({ filter, onChange, onClear }: Props) {
  const { audit } = useApi();
  const load = useCallback(() => audit.events(), [audit]);
  const { data } = useLoaded(load);
  const events = data ?? (filter.event ? [filter.event] : []);
  return (
    <search className="filters" aria-label="Filter the log">
      <SelectField
        label="Event"
        value={filter.event}
        onChange={(event) => onChange({ event: event.target.value })}
        data-testid="audit-event"
      >
        <option value="">Every event</option>
        {events.map((event) => (
          <option key={event} value={event}>
            {eventWords(event)}
          </option>
        ))}
      </SelectField>
      <PersonPicker
        label="Done by"
        user_id={filter.actor_id}
        onPick={(actor_id) => onChange({ actor_id })}
        testId="audit-person"
      />
      <Moment label="From" value={filter.since} onChange={(since) => onChange({ since })} />
      <Moment label="Until" value={filter.until} onChange={(until) => onChange({ until })} />
      {filter.subject && (
        <Field
          label="About"
          value={filter.subject}
          readOnly
          hint={
            <Button size="small" tone="quiet" onClick={() => onChange({ subject: "" })}>
              About anything
            </Button>
          }
        />
      )}
      {onClear && (
        <Button icon="close" tone="quiet" onClick={onClear} data-testid="audit-clear">
          Clear
        </Button>
      )}
    </search>
  );
}

/** A time that is told on once it is whole: browsers give half-typed ones as nothing. */
function Moment({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  return (
    <Field
      label={label}
      type="datetime-local"
      value={typed}
      onChange={(event) => {
        setTyped(event.target.value);
        onChange(event.target.value);
      }}
    />
  );
}
