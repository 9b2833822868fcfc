/** Who did what to what, when and from where: the audit log, filtered, unfolded, taken along. */
import { useCallback, useState } from "react";
import { useSearchParams } from "wouter";
import type { AuditEntry, AuditFilter } from "../../api/audit";
import { readFirst } from "../../api/pages";
import { Button } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { saveFile } from "../save_file";
import { AdminHead, AdminPage } from "./AdminPage";
import "./Audit.css";
import { AuditFilters } from "./AuditFilters";
import { AuditRow } from "./AuditRow";
import { instantOf } from "./audit_words";

const PAGE = 50;
export const FILTERS = ["event", "actor_id", "subject", "since", "until"] as const;

export function Audit() {
  return (
    <AdminPage title="Audit">
      <Log />
    </AdminPage>
  );
}

/** The filter as the address of the page holds it, so that it can be bookmarked and gone back to. */
function useFilter() {
  const [query, setQuery] = useSearchParams();
  const shown = Object.fromEntries(
    FILTERS.map((name) => [name, query.get(name) ?? ""]),
  ) as unknown as AuditFilter;
  const change = (changes: Partial<AuditFilter>) =>
    setQuery(
      (now) => {
        const next = new URLSearchParams(now);
        for (const [name, value] of Object.entries(changes)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      },
      { replace: true },
    );
  const { event, actor_id, subject, since, until } = shown;
  return { shown, change, event, actor_id, subject, since: instantOf(since), until: instantOf(until) };
}

function Log() {
  const { audit } = useApi();
  const { shown, change, event, actor_id, subject, since, until } = useFilter();
  const task = useTask();
  const [count, setCount] = useState(PAGE);
  const load = useCallback(
    (signal: AbortSignal) =>
      readFirst(count, (page) => audit.list({ event, actor_id, subject, since, until }, page, signal)),
    [audit, count, event, actor_id, subject, since, until],
  );
  const { data, error, reload } = useLoaded(load);
  const filtered = FILTERS.some((name) => shown[name] !== "");
  const narrow = (changes: Partial<AuditFilter>) => {
    setCount(PAGE);
    change(changes);
  };
  const clear = () => narrow(Object.fromEntries(FILTERS.map((name) => [name, ""])));
  const download = () =>
    void task.run(async () =>
      saveFile(await audit.download({ event, actor_id, subject, since, until }), "vtp-audit.csv"),
    );
  return (
    <div data-testid="audit-page">
      <AdminHead title="Audit" lead="What people did here, newest first.">
        <Button icon="retry" onClick={() => void reload()}>
          Refresh
        </Button>
        <Button icon="download" busy={task.busy} onClick={download} data-testid="audit-download">
          Save as CSV
        </Button>
      </AdminHead>
      <AuditFilters filter={shown} onChange={narrow} onClear={filtered ? clear : null} />
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the log" />}
      {data?.items.length === 0 && (
        <EmptyState
          icon="search"
          title="Nothing found"
          action={filtered && <Button onClick={clear}>Show everything</Button>}
        >
          Nothing in the log is like this.
        </EmptyState>
      )}
      {data && data.items.length > 0 && <Entries items={data.items} onNarrow={narrow} />}
      {data?.more && (
        <p className="list-more">
          <Button busy={data.asked < count} onClick={() => setCount(count + PAGE)}>
            Show more
          </Button>
        </p>
      )}
    </div>
  );
}

function Entries({
  items,
  onNarrow,
}: {
  items: readonly AuditEntry[];
  onNarrow: (changes: Partial<AuditFilter>) => void;
}) {
  return (
    <ul className="list audit" data-testid="audit">
      {items.map((entry) => (
        <AuditRow key={entry.id} entry={entry} onNarrow={onNarrow} />
      ))}
    </ul>
  );
}
