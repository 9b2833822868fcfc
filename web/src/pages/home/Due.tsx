/** What waits for a student, and what waits for a teacher. */
import { Link } from "wouter";
import type { HomeRead } from "../../api/home";
import { Badge } from "../../design/Badge";
import { momentWithin, plural } from "../../format";
import { type Due, dueOf, inCourses, isAtAnyTime } from "./next";

export function DueList({ read, now_ms }: { read: HomeRead; now_ms: number }) {
  const all = dueOf(read, now_ms);
  const due = all.filter((one) => !isAtAnyTime(one));
  const open = all.filter(isAtAnyTime);
  return (
    <>
      <section className="course-part" aria-label="Due">
        <h2>Due</h2>
        {due.length === 0 ? (
          <p className="outline-none">Nothing is due in the coming two weeks.</p>
        ) : (
          <DueRows due={due} testId="home-due" />
        )}
      </section>
      {open.length > 0 && (
        <section className="course-part" aria-label="Open, without a date">
          <h2>Open, without a date</h2>
          <DueRows due={open} testId="home-open" />
        </section>
      )}
    </>
  );
}

function DueRows({ due, testId }: { due: readonly Due[]; testId: string }) {
  return (
    <ul className="list" data-testid={testId}>
      {due.map((one) => (
        <DueRow key={one.key} due={one} />
      ))}
    </ul>
  );
}

const WHEN: Readonly<Record<Due["state"], string>> = {
  overdue: "was due",
  due: "due",
  open: "quiz, closes",
  begun: "quiz, ends",
};

function DueRow({ due: { title, course, href, at, state } }: { due: Due }) {
  const kind = state === "due" ? "assignment" : "quiz";
  const when = at === null ? kind : `${WHEN[state]} ${momentWithin(at)}`;
  return (
    <li className="upload" data-testid={`due-${title}`} data-state={state}>
      <div className="list-row-words">
        <Link href={href}>{title}</Link>
        <p className="list-row-facts">
          {course.name} · {when}
        </p>
      </div>
      {state === "overdue" && <Badge tone="live">Overdue</Badge>}
      {state === "begun" && (
        <Badge tone="warn" pulse>
          You are at it
        </Badge>
      )}
    </li>
  );
}

export function ToGradeList({ read }: { read: HomeRead }) {
  const all = inCourses(read.courses, read.to_grade);
  return (
    <section className="course-part" aria-label="To be graded">
      <h2>To be graded</h2>
      {all.length === 0 ? (
        <p className="outline-none">Nothing waits for a grade.</p>
      ) : (
        <ul className="list" data-testid="home-to-grade">
          {all.map(({ course, one }) => (
            <li key={one.id} className="upload" data-testid={`to-grade-${one.title}`}>
              <div className="list-row-words">
                <Link href={`/courses/${course.id}/assignments?assignment=${one.id}`}>{one.title}</Link>
                <p className="list-row-facts">
                  {course.name}
                  {one.due_at !== null && ` · due ${momentWithin(one.due_at)}`}
                </p>
              </div>
              <Badge tone="warn">{plural(one.waiting, "student waits", "students wait")}</Badge>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
