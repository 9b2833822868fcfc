/** The courses: one's own, those to join, and all of them for administrators. */
import { useCallback, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import type { Course, CourseStatus } from "../../api/courses";
import { MAX_PAGE, readFirst } from "../../api/pages";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import "../../design/Lists.css";
import { Notice } from "../../design/Notice";
import { SearchInput } from "../../design/SearchInput";
import { Loading } from "../../design/Spinner";
import { useLoaded } from "../../hooks/useLoaded";
import { useSettled } from "../../hooks/useSettled";
import { useTitle } from "../../hooks/useTitle";
import { isAdmin, mayTeach, useApi, useSession } from "../../session/Session";
import "../admin/AdminPage.css";
import "./Courses.css";
import { CreateCourse } from "./CreateCourse";
import { STATUS_ORDER, STATUSES, standingOf, studentsOf, termOf } from "./course_words";
import { ImportCourse } from "./ImportCourse";
import { JoinByCode } from "./JoinByCode";

const PAGE = 30;
const FRESH_MS = 20_000;
const LONG_FRESH_MS = 60_000;

type View = "mine" | "join" | "all";
const VIEWS: Readonly<Record<View, string>> = { mine: "Mine", join: "To join", all: "All" };

/** What is looked at, kept in the address so that one comes back to it from a course. */
function useView(admin: boolean) {
  const [query, setQuery] = useSearchParams();
  const [words, setWords] = useState(query.get("q") ?? "");
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
  const views: View[] = admin ? ["mine", "all"] : ["mine", "join"];
  return {
    views,
    view: views.find((one) => one === query.get("view")) ?? "mine",
    status: STATUS_ORDER.find((one) => one === query.get("status")) ?? ("" as const),
    words,
    type: (typed: string) => {
      setWords(typed);
      set("q", typed.trim());
    },
    set,
  };
}

export function Courses() {
  useTitle("Courses");
  const { courses } = useApi();
  const { state } = useSession();
  const [, go] = useLocation();
  const { views, view, status, words, type, set } = useView(isAdmin(state));
  const q = useSettled(words.trim());
  const key = JSON.stringify([view, status, q]);
  const [wanted, setWanted] = useState({ key, count: PAGE });
  const count = wanted.key === key ? wanted.count : PAGE;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const mine = view === "mine";
      const wish = { q, mine, status: view === "join" ? ("active" as const) : status || undefined };
      return {
        key,
        ...(await readFirst(count, (page) => courses.list({ ...wish, ...page }, signal))),
      };
    },
    [courses, key, q, view, status, count],
  );
  const { data, error, reload } = useLoaded(load, count > MAX_PAGE ? LONG_FRESH_MS : FRESH_MS);
  const [making, setMaking] = useState(false);
  const [joining, setJoining] = useState(false);
  const [importing, setImporting] = useState(false);
  const mayMake = mayTeach(state);
  const list = data?.key === key ? data : null;
  const shown = view === "join" ? list?.items.filter((one) => one.role === null) : list?.items;
  return (
    <AppShell>
      <div className="page-head">
        <h1>Courses</h1>
        <div className="admin-tools">
          <Button icon="key" onClick={() => setJoining(true)} data-testid="join-by-code">
            Join by code
          </Button>
          {mayMake && (
            <Button icon="upload" onClick={() => setImporting(true)} data-testid="import-course">
              Import
            </Button>
          )}
          {mayMake && (
            <Button tone="primary" icon="plus" onClick={() => setMaking(true)} data-testid="create-course">
              New course
            </Button>
          )}
        </div>
      </div>
      <div className="filters">
        <Choices views={views} view={view} onChoose={(one) => set("view", one === "mine" ? "" : one)} />
        <search>
          <SearchInput label="Search courses" value={words} onChange={type} testId="course-search" />
        </search>
        {view !== "join" && <StatusFilter status={status} onChoose={(one) => set("status", one)} />}
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
      {!list && !error && <Loading label="Loading courses" />}
      {shown?.length === 0 && !list?.more && (
        <Nothing filtered={q !== "" || status !== ""} view={view} mayMake={mayMake} />
      )}
      {shown && shown.length > 0 && (
        <ul className="list" data-testid="courses">
          {shown.map((course) => (
            <CourseLine key={course.id} course={course} />
          ))}
        </ul>
      )}
      {list?.more && (
        <p className="list-more">
          <Button busy={list.asked < count} onClick={() => setWanted({ key, count: count + PAGE })}>
            Show more
          </Button>
        </p>
      )}
      <CreateCourse
        open={making}
        onClose={() => setMaking(false)}
        onCreated={(course) => go(`/courses/${course.id}`)}
      />
      <ImportCourse open={importing} onClose={() => setImporting(false)} onDone={reload} />
      <JoinByCode open={joining} onClose={() => setJoining(false)} />
    </AppShell>
  );
}

function Choices({
  views,
  view,
  onChoose,
}: {
  views: readonly View[];
  view: View;
  onChoose: (view: View) => void;
}) {
  return (
    <div className="choices" role="group" aria-label="Which courses">
      {views.map((one) => (
        <button
          key={one}
          type="button"
          className="choice"
          aria-pressed={one === view}
          onClick={() => onChoose(one)}
          data-testid={`courses-${one}`}
        >
          {VIEWS[one]}
        </button>
      ))}
    </div>
  );
}

function StatusFilter({
  status,
  onChoose,
}: {
  status: CourseStatus | "";
  onChoose: (status: string) => void;
}) {
  return (
    <div className="field">
      <select
        className="field-input field-select"
        aria-label="State"
        value={status}
        onChange={(event) => onChoose(event.target.value)}
        data-testid="course-status-filter"
      >
        <option value="">Every state</option>
        {STATUS_ORDER.map((one) => (
          <option key={one} value={one}>
            {STATUSES[one].label}
          </option>
        ))}
      </select>
    </div>
  );
}

function CourseLine({ course }: { course: Course }) {
  const standing = standingOf(course);
  const facts = [termOf(course), course.instructor_name, studentsOf(course)].filter(Boolean);
  return (
    <li>
      <Link href={`/courses/${course.id}`} className="course-line" data-testid={`course-${course.code}`}>
        <span className="course-line-words">
          <span className="course-line-name">{course.name}</span>
          <br />
          <span className="course-line-facts">{facts.join(" · ")}</span>
        </span>
        <span className="course-line-end">
          {standing && <Badge>{standing}</Badge>}
          {course.status !== "active" && (
            <Badge tone={STATUSES[course.status].tone}>{STATUSES[course.status].label}</Badge>
          )}
        </span>
      </Link>
    </li>
  );
}

function Nothing({ filtered, view, mayMake }: { filtered: boolean; view: View; mayMake: boolean }) {
  if (filtered) {
    return (
      <EmptyState icon="search" title="Nothing found">
        No course matches these words and this state.
      </EmptyState>
    );
  }
  if (view === "join") {
    return (
      <EmptyState icon="book" title="No courses to join">
        Courses that are open to everybody appear here. For another one ask its teacher for a code or a link.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="book" title="No courses yet">
      {mayMake
        ? "A course holds lessons, the people who take part, and what they are told. Make one: nobody sees it before you let them."
        : "You are in no course yet. Join one by the code or the link of its teacher, or look at those to join."}
    </EmptyState>
  );
}
