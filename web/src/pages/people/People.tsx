/** Everybody's accounts, for administrators: who waits, who is in, and in which role. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import type { Person, PersonChange } from "../../api/people";
import { Button, ButtonLink } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { EmptyState } from "../../design/EmptyState";
import { SelectField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { SearchInput } from "../../design/SearchInput";
import { Loading } from "../../design/Spinner";
import { useSettled } from "../../hooks/useSettled";
import { isOwn, useSession } from "../../session/Session";
import { AdminHead, AdminPage } from "../admin/AdminPage";
import { AddPerson } from "../admin/Invite";
import { registerLink } from "../links";
import { useCopyLink } from "../useCopyLink";
import "./People.css";
import { PersonRow } from "./PersonRow";
import { type Question, ROLE_NAMES, ROLES } from "./roles";
import { type PeopleList, type PeopleWish, useChange, usePeople } from "./usePeople";

export function People() {
  return (
    <AdminPage title="People">
      <PeopleLists />
    </AdminPage>
  );
}

/** Viewers are students who only watch: they are found among them. */
const FILTER_ROLES = ROLES.filter((role) => role !== "viewer");

const STATES = [
  ["", "Every state"],
  ["waiting", "Waiting"],
  ["open", "Open"],
  ["closed", "Closed"],
] as const;

/** What is looked for, kept in the address so that one comes back to it from a person's page. */
function useWish() {
  const [query, setQuery] = useSearchParams();
  const [words, setWords] = useState(query.get("search") ?? "");
  const search = useSettled(words.trim());
  const set = (name: string, value: string) =>
    setQuery(
      (now) => {
        const next = new URLSearchParams(now);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const role = query.get("role") ?? "";
  const state = query.get("state") ?? "";
  const wish: PeopleWish = {
    search,
    role: FILTER_ROLES.find((one) => one === role) ?? "",
    state: STATES.find(([one]) => one === state)?.[0] ?? "",
  };
  return {
    wish,
    words,
    typeWords: (typed: string) => {
      setWords(typed);
      set("search", typed.trim());
    },
    set,
    clear: () => {
      setWords("");
      setQuery(new URLSearchParams(), { replace: true });
    },
  };
}

interface Asked {
  person: Person;
  change: PersonChange;
  done: string;
  question: Question;
}

function PeopleLists() {
  const { state } = useSession();
  const { wish: looked, words, typeWords, set, clear } = useWish();
  const { waiting, others, data, error, reload } = usePeople(looked);
  const [adding, setAdding] = useState(false);
  const { busy, send } = useChange(reload);
  const [asked, setAsked] = useState<Asked | null>(null);
  const page = useKeptFocus(data);

  const change = (person: Person, wish: PersonChange, done: string) => {
    setAsked(null);
    page.expectMove(wish.approved === true || wish.disabled !== undefined);
    void send(person, wish, done).then((taken) => taken || page.expectMove(false));
  };
  const onChange = (person: Person, wish: PersonChange, done: string, question: Question | null) =>
    question ? setAsked({ person, change: wish, done, question }) : change(person, wish, done);
  const row = (person: Person) => (
    <PersonRow
      key={person.user_id}
      person={person}
      isMe={isOwn(state, person.user_id)}
      busy={busy === person.user_id}
      onChange={onChange}
    />
  );
  const filtered = looked.search !== "" || looked.role !== "" || looked.state !== "";
  const count = (waiting?.read.items.length ?? 0) + (others?.read.items.length ?? 0);
  return (
    <div ref={page.root} data-testid="people-page">
      <AdminHead title="People" heading={page.heading}>
        <ButtonLink href="/people/import" icon="upload" testId="import">
          Import
        </ButtonLink>
        <Button tone="primary" icon="plus" onClick={() => setAdding(true)} data-testid="add-person">
          Add somebody
        </Button>
      </AdminHead>
      <div className="filters">
        <search>
          <SearchInput label="Search people" value={words} onChange={typeWords} testId="people-search" />
        </search>
        <SelectField
          label="Role"
          value={looked.role}
          onChange={(event) => set("role", event.target.value)}
          data-testid="filter-role"
        >
          <option value="">Every role</option>
          {FILTER_ROLES.map((role) => (
            <option key={role} value={role}>
              {ROLE_NAMES[role]}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="State"
          value={looked.state}
          onChange={(event) => set("state", event.target.value)}
          data-testid="filter-state"
        >
          {STATES.map(([state, label]) => (
            <option key={state} value={state}>
              {label}
            </option>
          ))}
        </SelectField>
      </div>
      {error && (
        <Notice
          tone="wrong"
          action={
            <Button size="small" onClick={() => void reload()}>
              Try again
            </Button>
          }
        >
          {error}
        </Notice>
      )}
      {!data && !error && <Loading label="Loading people" />}
      {waiting && others && (
        <div className="people-lists" data-testid="people">
          {count === 0 && <Nobody onClear={clear} />}
          <List title="Waiting for you" list={waiting} row={row} />
          <List
            title={waiting.read.items.length > 0 ? "Everybody else" : "Everybody"}
            list={others}
            row={row}
          />
          {count === 1 && !filtered && <OnlyYou onAdd={() => setAdding(true)} />}
        </div>
      )}
      <AddPerson open={adding} onClose={() => setAdding(false)} onDone={() => void reload()} />
      <Dialog title={asked?.question.title ?? ""} open={asked !== null} onClose={() => setAsked(null)}>
        <p className="soft">{asked?.question.words}</p>
        <DialogActions>
          <Button onClick={() => setAsked(null)}>Cancel</Button>
          <Button
            tone={asked?.question.danger ? "danger" : "primary"}
            onClick={() => asked && change(asked.person, asked.change, asked.done)}
            data-testid="confirm-change"
          >
            {asked?.question.yes}
          </Button>
        </DialogActions>
      </Dialog>
    </div>
  );
}

/** Who is decided on goes to the other list: the keyboard then goes on with the next who waits. */
function useKeptFocus(data: unknown) {
  const root = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const moving = useRef(false);
  useEffect(() => {
    if (!data || !moving.current || document.activeElement !== document.body) return;
    moving.current = false;
    const next = root.current?.querySelector<HTMLElement>(`[data-testid^="approve-"]`);
    (next ?? heading.current)?.focus();
  }, [data]);
  return {
    root,
    heading,
    expectMove: (expected: boolean) => {
      moving.current = expected;
    },
  };
}

function List({ title, list, row }: { title: string; list: PeopleList; row: (person: Person) => ReactNode }) {
  const { items, more } = list.read;
  if (items.length === 0) return null;
  return (
    <section>
      <h2 className="people-title">
        {title} <span className="people-count numbers">{more ? `${items.length}+` : items.length}</span>
      </h2>
      <ul className="people">{items.map(row)}</ul>
      {more && (
        <p className="list-more">
          <Button busy={list.growing} onClick={list.showMore}>
            Show more
          </Button>
        </p>
      )}
    </section>
  );
}

function Nobody({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState icon="search" title="Nobody found" action={<Button onClick={onClear}>Show everybody</Button>}>
      Nobody is like this: other words, another role or state may find them.
    </EmptyState>
  );
}

function OnlyYou({ onAdd }: { onAdd: () => void }) {
  const { state } = useSession();
  const open = state.phase === "ready" && state.server.registration;
  const copyLink = useCopyLink();
  const copy = () => copyLink(registerLink());
  return (
    <EmptyState
      icon="users"
      title="Only you so far"
      action={
        <>
          <Button icon="plus" onClick={onAdd}>
            Add somebody
          </Button>
          {open && (
            <Button icon="link" onClick={() => void copy()}>
              Copy the link to register
            </Button>
          )}
        </>
      }
    >
      {open
        ? "Add people yourself, or send them the link to register."
        : "Registration is closed on this server: you add people, invite them, or import a table of them."}
    </EmptyState>
  );
}
