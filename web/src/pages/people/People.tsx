/** Everybody's accounts, for administrators: who waits, who is in, and in which role. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Person, PersonChange } from "../../api/people";
import { AppShell } from "../../design/AppShell";
import { Button, ButtonLink } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { EmptyState } from "../../design/EmptyState";
import { Notice } from "../../design/Notice";
import { SearchInput } from "../../design/SearchInput";
import { Loading } from "../../design/Spinner";
import { useToast } from "../../design/Toast";
import { useSettled } from "../../hooks/useSettled";
import { useTitle } from "../../hooks/useTitle";
import { isAdmin, isOwn, useSession } from "../../session/Session";
import { copyText, registerLink } from "../links";
import "./People.css";
import { PersonRow } from "./PersonRow";
import type { Question } from "./roles";
import { type PeopleList, useChange, usePeople } from "./usePeople";

export function People() {
  useTitle("People");
  const { state } = useSession();
  return <AppShell>{isAdmin(state) ? <PeopleLists /> : <NotForYou />}</AppShell>;
}

function NotForYou() {
  return (
    <div data-testid="people-forbidden">
      <EmptyState
        icon="users"
        title="Only administrators see this page"
        action={<ButtonLink href="/">To the rooms</ButtonLink>}
      >
        Here administrators approve people and give them their roles. Your account is not one of theirs.
      </EmptyState>
    </div>
  );
}

interface Asked {
  person: Person;
  change: PersonChange;
  done: string;
  question: Question;
}

function PeopleLists() {
  const { state } = useSession();
  const [words, setWords] = useState("");
  const search = useSettled(words.trim());
  const { waiting, others, data, error, reload } = usePeople(search);
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
  const count = (waiting?.read.items.length ?? 0) + (others?.read.items.length ?? 0);
  return (
    <div ref={page.root} data-testid="people-page">
      <div className="page-head">
        <h1 ref={page.heading} tabIndex={-1}>
          People
        </h1>
        <search className="people-search">
          <SearchInput label="Search people" value={words} onChange={setWords} testId="people-search" />
        </search>
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
          {count === 0 && <Nobody onClear={() => setWords("")} />}
          <List title="Waiting for you" list={waiting} row={row} />
          <List title="Everybody else" list={others} row={row} />
          {count === 1 && search === "" && <OnlyYou />}
        </div>
      )}
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
      No name and no e-mail address matches these words.
    </EmptyState>
  );
}

function OnlyYou() {
  const { state } = useSession();
  const toast = useToast();
  const open = state.phase === "ready" && state.server.registration;
  const copy = async () => {
    const done = await copyText(registerLink());
    toast(done ? "Link copied." : "The link could not be copied.", done ? {} : { tone: "wrong" });
  };
  return (
    <EmptyState
      icon="users"
      title="Only you so far"
      action={
        open && (
          <Button icon="link" onClick={() => void copy()}>
            Copy the link to register
          </Button>
        )
      }
    >
      {open
        ? "Send people the link to register. They appear here and wait for your approval."
        : "Registration is closed on this server: accounts are made with “vtp admin create-user”."}
    </EmptyState>
  );
}
