/** Who watched, downloaded and shared a recording, for who may share it: filtered, page after page, taken along. */
import { useCallback, useState } from "react";
import { Link, useSearchParams } from "wouter";
import { readFirst } from "../../api/pages";
import type { AccessAction, AccessEntry, AccessFilter } from "../../api/recordings";
import { AppShell } from "../../design/AppShell";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Field, SelectField } from "../../design/Field";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { moment } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useSettled } from "../../hooks/useSettled";
import { useTask } from "../../hooks/useTask";
import { useTitle } from "../../hooks/useTitle";
import { useApi } from "../../session/Session";
import { saveFile } from "../save_file";
import "../../design/Lists.css";
import "./Access.css";
import { ACTIONS, dayStart, detailOf, whoOf } from "./access_words";

const PAGE = 50;
const FILTERS = ["action", "q", "since", "until"] as const;
type Shown = Record<(typeof FILTERS)[number], string>;

/** The filter as the page's address holds it: days as they are typed. */
function useFilter() {
  const [query, setQuery] = useSearchParams();
  const shown = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) ?? ""])) as Shown;
  const change = (changes: Partial<Shown>) =>
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
  return { shown, change };
}

export function Access({ id }: { id: string }) {
  const { recordings } = useApi();
  useTitle("Who watched");
  const load = useCallback((signal: AbortSignal) => recordings.get(id, signal), [recordings, id]);
  const { data, error, missing } = useLoaded(load);
  return (
    <AppShell>
      {!data && !error && <Loading label="Loading the log" />}
      {(missing || (data && !data.may.share)) && <NotForYou />}
      {error && !missing && <Notice tone="wrong">{error}</Notice>}
      {data?.may.share && <Log id={id} title={data.title || "Untitled"} />}
    </AppShell>
  );
}

function NotForYou() {
  return (
    <EmptyState
      page
      icon="eye"
      title="This log is not for you"
      action={<ButtonLink href="/recordings">To the recordings</ButtonLink>}
    >
      Who watched a recording is seen by whose recording it is, and by administrators.
    </EmptyState>
  );
}

function Log({ id, title }: { id: string; title: string }) {
  const { recordings } = useApi();
  const { shown, change } = useFilter();
  const { action } = shown;
  const q = useSettled(shown.q.trim());
  const [since, until] = [dayStart(shown.since), dayStart(shown.until, 1)];
  const [count, setCount] = useState(PAGE);
  const task = useTask();
  const load = useCallback(
    (signal: AbortSignal) => {
      const filter: AccessFilter = { action: action as AccessAction | "", q, since, until };
      return readFirst(count, (page) => recordings.accessLog(id, filter, page, signal));
    },
    [recordings, id, count, action, q, since, until],
  );
  const { data, error, reload } = useLoaded(load);
  const filtered = FILTERS.some((name) => shown[name] !== "");
  const narrow = (changes: Partial<Shown>) => {
    setCount(PAGE);
    change(changes);
  };
  const clear = () => narrow({ action: "", q: "", since: "", until: "" });
  const download = () =>
    void task.run(async () => {
      const filter: AccessFilter = { action: action as AccessAction | "", q, since, until };
      saveFile(await recordings.downloadAccessLog(id, filter), "access.csv");
    });
  return (
    <div data-testid="access-page">
      <div className="page-head">
        <div className="page-head-words">
          <Link href={`/recordings/${id}`} className="back-link">
            <Icon name="back" size={16} />
            {title}
          </Link>
          <h1>Who watched</h1>
        </div>
        <div className="access-tools">
          <Button icon="retry" onClick={() => void reload()}>
            Refresh
          </Button>
          <Button icon="download" busy={task.busy} onClick={download} data-testid="access-download">
            Save as CSV
          </Button>
        </div>
      </div>
      <Filters shown={shown} onChange={narrow} onClear={filtered ? clear : null} />
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the log" />}
      {data?.items.length === 0 && (
        <EmptyState
          icon={filtered ? "search" : "eye"}
          title={filtered ? "Nothing found" : "Nobody has watched it yet"}
          action={filtered && <Button onClick={clear}>Show everything</Button>}
        >
          {filtered
            ? "Nobody is in the log who is like this."
            : "Here is who opens this recording, downloads it, or makes a link to it."}
        </EmptyState>
      )}
      {data && data.items.length > 0 && <Entries items={data.items} />}
      {data?.more && (
        <p className="list-more">
          <Button busy={data.asked < count} onClick={() => setCount(count + PAGE)} data-testid="access-more">
            Show more
          </Button>
        </p>
      )}
    </div>
  );
}

interface FiltersProps {
  shown: Shown;
  onChange: (changes: Partial<Shown>) => void;
  onClear: (() => void) | null;
}

function Filters({ shown, onChange, onClear }: FiltersProps) {
  return (
    <search className="filters" aria-label="Filter the log">
      <SelectField
        label="What"
        value={shown.action}
        onChange={(event) => onChange({ action: event.target.value })}
        data-testid="access-action"
      >
        <option value="">Everything</option>
        {Object.entries(ACTIONS).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </SelectField>
      <Field
        label="Who"
        type="search"
        placeholder="Name or link title"
        value={shown.q}
        maxLength={200}
        onChange={(event) => onChange({ q: event.target.value })}
        data-testid="access-who"
      />
      <Field
        label="From"
        type="date"
        value={shown.since}
        onChange={(event) => onChange({ since: event.target.value })}
      />
      <Field
        label="Until"
        type="date"
        value={shown.until}
        onChange={(event) => onChange({ until: event.target.value })}
      />
      {onClear && (
        <Button icon="close" tone="quiet" onClick={onClear} data-testid="access-clear">
          Clear
        </Button>
      )}
    </search>
  );
}

function Entries({ items }: { items: readonly AccessEntry[] }) {
  return (
    <ul className="list access" data-testid="access">
      {items.map((entry) => (
        <li key={entry.id} className="access-line" data-action={entry.action}>
          <time className="numbers soft" dateTime={entry.at}>
            {moment(entry.at)}
          </time>
          <span className="access-action">{ACTIONS[entry.action] ?? entry.action}</span>
          <strong>{whoOf(entry)}</strong>
          <span className="soft access-detail" title={entry.user_agent ?? undefined}>
            {detailOf(entry)}
          </span>
        </li>
      ))}
    </ul>
  );
}
