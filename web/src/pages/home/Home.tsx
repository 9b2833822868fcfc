/** Where people come in: what is next, due, to be graded and new; the rooms for who is in no course. */
import { Link } from "wouter";
import type { HomeRead } from "../../api/home";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { ButtonLink } from "../../design/Button";
import { Card } from "../../design/Card";
import "../../design/Lists.css";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { moment } from "../../format";
import { useNow } from "../../hooks/useNow";
import { useTitle } from "../../hooks/useTitle";
import { awaitsApproval, isOwn, useSession } from "../../session/Session";
import "../admin/AdminPage.css";
import "../courses/announcements/Announcements.css";
import "../courses/Course.css";
import "../courses/files/Files.css";
import { mayEnter, whenOf } from "../courses/outline/lesson_state";
import "../courses/outline/Outline.css";
import { CalendarCard } from "../courses/schedule/CalendarCard";
import { Rooms, RoomsInside } from "../rooms/Rooms";
import { DueList, ToGradeList } from "./Due";
import "./Home.css";
import { inCourses, type NextLesson, nextOf } from "./next";
import { useHome } from "./useHome";

const NEXT = 8;
const NEW = 6;

export function Home() {
  const { state } = useSession();
  const nobody = state.phase !== "ready" || state.user === null || awaitsApproval(state);
  return nobody ? <Rooms /> : <OwnHome />;
}

function OwnHome() {
  const { data, error } = useHome();
  // Who is in no course comes for the rooms; and when courses cannot be read the rooms may still be.
  const isRooms = data ? data.courses.length === 0 : error !== null;
  // One shell for all: a menu that is opened while courses are read stays open.
  return (
    <AppShell {...(isRooms && { place: "/rooms" })}>
      {isRooms ? (
        <RoomsInside />
      ) : data ? (
        <>
          {error && <Notice tone="wrong">{error}</Notice>}
          <Whole read={data} />
        </>
      ) : (
        <Loading />
      )}
    </AppShell>
  );
}

function Whole({ read }: { read: HomeRead }) {
  useTitle("Home");
  const now_ms = useNow(15_000);
  return (
    <>
      <div className="page-head">
        <h1>Home</h1>
      </div>
      <div className="home" data-testid="home">
        <Next lessons={nextOf(read, now_ms)} />
        <div className="home-side">
          {read.courses.some(({ teaches }) => !teaches) && <DueList read={read} now_ms={now_ms} />}
          {read.courses.some(({ teaches }) => teaches) && <ToGradeList read={read} />}
        </div>
        <New read={read} />
        <CalendarCard course_id={null} />
      </div>
    </>
  );
}

function Next({ lessons }: { lessons: readonly NextLesson[] }) {
  return (
    <section className="course-part" aria-label="Next">
      <h2>Next</h2>
      {lessons.length === 0 ? (
        <p className="outline-none">No live lesson in the coming week.</p>
      ) : (
        <ul className="list" data-testid="home-next">
          {lessons.slice(0, NEXT).map((lesson) => (
            <NextRow key={lesson.one.id} next={lesson} />
          ))}
        </ul>
      )}
    </section>
  );
}

function New({ read }: { read: HomeRead }) {
  const { state } = useSession();
  // What one has announced oneself is not new to one.
  const others = read.announcements.filter(({ author_id }) => !isOwn(state, author_id));
  const told = inCourses(read.courses, others).slice(0, NEW);
  return (
    <section className="course-part" aria-label="New">
      <div className="course-part-head">
        <h2>New</h2>
        {read.unread > 0 && (
          <Link href="/notifications" data-testid="home-unread">
            {read.unread} unread in notifications
          </Link>
        )}
      </div>
      {told.length === 0 ? (
        <p className="outline-none">Nothing was announced to you in the last month.</p>
      ) : (
        <ul className="announcements" data-testid="home-new">
          {told.map(({ course, one }) => (
            <li key={one.id}>
              <Card>
                <h3 className="announcement-title">{one.title}</h3>
                <p className="announcement-facts">
                  <Link href={`/courses/${course.id}/announcements`}>{course.name}</Link>
                  {" · "}
                  {[one.author_name, moment(one.created_at)].filter(Boolean).join(" · ")}
                </p>
                {one.body && <p className="announcement-body home-told">{one.body}</p>}
              </Card>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function NextRow({ next: { course, one, phase } }: { next: NextLesson }) {
  const on = phase === "on" || phase === "grace";
  return (
    <li className="list-row course-row" data-testid={`next-${one.title}`}>
      <div className={phase === "cancelled" ? "list-row-words lesson-cancelled" : "list-row-words"}>
        <strong className="lesson-title">{one.title}</strong>
        <p className="list-row-facts">
          <Link href={`/courses/${course.id}`}>{course.name}</Link> · {whenOf(one)}
        </p>
      </div>
      {phase === "cancelled" && <Badge>Cancelled</Badge>}
      {on && (
        <Badge tone="live" pulse>
          Now
        </Badge>
      )}
      {mayEnter(phase, false) && (
        <ButtonLink
          href={`/rooms/${one.room_id}/class`}
          size="small"
          icon="users"
          tone="primary"
          testId={`home-enter-${one.title}`}
        >
          Join<span className="visually-hidden"> {one.title}</span>
        </ButtonLink>
      )}
    </li>
  );
}
