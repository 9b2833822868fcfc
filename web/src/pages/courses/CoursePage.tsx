/** One course: its head, and what is in it behind tabs that are pages of their own. */
import { lazy, type ReactNode, Suspense, useCallback, useMemo } from "react";
import { Link } from "wouter";
import { useViewed } from "../../analytics/useEvents";
import type { Course, CourseRight } from "../../api/courses";
import { AppShell } from "../../design/AppShell";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { Icon, type IconName } from "../../design/Icon";
import "../../design/Lists.css";
import { Notice } from "../../design/Notice";
import { PlaceTabs } from "../../design/PlaceTabs";
import { Loading } from "../../design/Spinner";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useTitle } from "../../hooks/useTitle";
import { useApi } from "../../session/Session";
import "../admin/AdminPage.css";
import "./Course.css";
import { Announcements } from "./announcements/Announcements";
import { Assignments } from "./assignments/Assignments";
import { mayJoinSelf, STATUSES, standingOf, studentsOf, termOf } from "./course_words";
import { Grades } from "./grades/Grades";
import { LeaveCourse } from "./LeaveCourse";
import { Materials } from "./materials/Materials";
import { Outline } from "./outline/Outline";
import { CoursePeople } from "./people/CoursePeople";
import { EnrolmentImport } from "./people/EnrolmentImport";
import { QuestionBank } from "./quizzes/QuestionBank";
import { Quizzes } from "./quizzes/Quizzes";
import { CourseRecordings } from "./recordings/CourseRecordings";
import { SchedulePage } from "./schedule/SchedulePage";
import { CourseSettings } from "./settings/CourseSettings";
import { CourseContext, type CourseValue, useCourse } from "./useCourse";

const CourseAnalytics = lazy(() =>
  import("../analytics/CourseAnalytics").then((page) => ({ default: page.CourseAnalytics })),
);
const AttendanceSheets = lazy(() =>
  import("../analytics/AttendanceSheets").then((page) => ({ default: page.AttendanceSheets })),
);

const OwnProgress = lazy(() =>
  import("../analytics/OwnProgress").then((page) => ({ default: page.OwnProgress })),
);

const FRESH_MS = 20_000;

interface Tab {
  path: string;
  label: string;
  icon: IconName;
  /** What one must be allowed to do to see it. */
  right: CourseRight;
  /** Reached from another tab. */
  within?: string;
  /** For who is not of the staff. */
  students?: boolean;
  page: () => ReactNode;
}

const TABS: readonly Tab[] = [
  { path: "", label: "Lessons", icon: "list", right: "view", page: () => <Outline /> },
  { path: "materials", label: "Materials", icon: "book", right: "view", page: () => <Materials /> },
  { path: "assignments", label: "Assignments", icon: "edit", right: "view", page: () => <Assignments /> },
  { path: "quizzes", label: "Quizzes", icon: "poll", right: "view", page: () => <Quizzes /> },
  {
    path: "questions",
    label: "Questions",
    icon: "list",
    right: "teach",
    within: "quizzes",
    page: () => <QuestionBank />,
  },
  { path: "grades", label: "Grades", icon: "grid", right: "view", page: () => <Grades /> },
  {
    path: "announcements",
    label: "Announcements",
    icon: "chat",
    right: "view",
    page: () => <Announcements />,
  },
  { path: "schedule", label: "Schedule", icon: "calendar", right: "view", page: () => <SchedulePage /> },
  { path: "recordings", label: "Recordings", icon: "film", right: "view", page: () => <CourseRecordings /> },
  { path: "analytics", label: "Figures", icon: "signal", right: "teach", page: () => <CourseAnalytics /> },
  {
    path: "attendance",
    label: "Attendance",
    icon: "list",
    right: "teach",
    within: "analytics",
    page: () => <AttendanceSheets />,
  },
  {
    path: "progress",
    label: "My figures",
    icon: "signal",
    right: "view",
    students: true,
    page: () => <OwnProgress />,
  },
  { path: "people", label: "People", icon: "users", right: "enrol", page: () => <CoursePeople /> },
  {
    path: "import",
    label: "Import",
    icon: "upload",
    right: "enrol",
    within: "people",
    page: () => <EnrolmentImport />,
  },
  { path: "settings", label: "Settings", icon: "settings", right: "update", page: () => <CourseSettings /> },
];

export function CoursePage({ id, tab }: { id: string; tab: string }) {
  const { courses } = useApi();
  const load = useCallback((signal: AbortSignal) => courses.get(id, signal), [courses, id]);
  const { data, error, code, missing, reload } = useLoaded(load, FRESH_MS);
  const course = data?.value;
  const value = useMemo<CourseValue | null>(
    () =>
      course
        ? {
            course,
            may: (right) => course.may.includes(right),
            staff: course.may.includes("teach"),
            reload,
          }
        : null,
    [course, reload],
  );
  useTitle(course?.name ?? "Course");
  useViewed(course?.may.includes("view") ? course.id : undefined, tab || "lessons");
  if (missing || code === "not_in_course" || code === "invalid")
    return <CourseMissing missing={code !== "not_in_course"} />;
  return (
    <AppShell>
      <p className="back-line">
        <Link href="/courses" className="back-link">
          <Icon name="back" size={16} />
          Courses
        </Link>
      </p>
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
      {!value && !error && <Loading label="Loading the course" />}
      {value && (
        <CourseContext value={value}>
          <Head />
          {value.may("view") ? <Tabs tab={tab} /> : <Outside />}
        </CourseContext>
      )}
    </AppShell>
  );
}

function CourseMissing({ missing }: { missing: boolean }) {
  return (
    <AppShell>
      <EmptyState
        page
        icon="book"
        title={missing ? "There is no such course" : "You are not in this course"}
        action={<ButtonLink href="/courses">To the courses</ButtonLink>}
      >
        {missing
          ? "It may have been deleted, or the link is not complete."
          : "Ask who teaches it for a code or a link, or sign in with another account."}
      </EmptyState>
    </AppShell>
  );
}

function Head() {
  const { course } = useCourse();
  const standing = standingOf(course);
  const facts = [termOf(course), course.instructor_name, course.department, studentsOf(course)];
  return (
    <div className="page-head course-head">
      <div className="page-head-words">
        <h1>{course.name}</h1>
        <p className="soft course-facts">
          <span>{facts.filter(Boolean).join(" · ")}</span>
          {standing && <Badge>{standing}</Badge>}
          {course.status !== "active" && (
            <Badge tone={STATUSES[course.status].tone} testId="course-status">
              {STATUSES[course.status].label}
            </Badge>
          )}
        </p>
      </div>
      <JoinHere course={course} />
      <MakeActive />
      <LeaveCourse />
    </div>
  );
}

/** For who found it and may come in without being asked. */
function JoinHere({ course }: { course: Course }) {
  const { enrolments } = useApi();
  const { reload } = useCourse();
  const task = useTask();
  if (!mayJoinSelf(course)) return null;
  const full = course.max_students !== null && course.enrolled_count >= course.max_students;
  if (full && !course.waiting_list) return <Badge tone="warn">All places are taken</Badge>;
  const join = () =>
    void task.run(
      async () => {
        await enrolments.enrolSelf(course.id);
        await reload();
      },
      full ? "You are on the waiting list." : `You are in “${course.name}” now.`,
    );
  return (
    <Button tone="primary" busy={task.busy} onClick={join} data-testid="enrol-self">
      {full ? "Wait for a place" : "Join this course"}
    </Button>
  );
}

/** A draft is opened to its students from wherever one stands in it. */
function MakeActive() {
  const { course, may, reload } = useCourse();
  const { courses } = useApi();
  const task = useTask();
  if (course.status !== "draft" || !may("update")) return null;
  const open = () =>
    void task.run(async () => {
      await courses.change(course.id, { status: "active" });
      await reload();
    }, "The course is active: its students see it now.");
  return (
    <Button tone="primary" icon="check" busy={task.busy} onClick={open} data-testid="make-active">
      Make it active
    </Button>
  );
}

/** What a catalogue says, for who does not take part. */
function Outside() {
  const { course } = useCourse();
  return (
    <>
      {course.description && <p className="course-text">{course.description}</p>}
      <EmptyState
        icon={course.enrollment_status === "waiting" ? "users" : "lock"}
        title={
          course.enrollment_status === "waiting"
            ? "You are on the waiting list"
            : "You are not in this course"
        }
      >
        {course.enrollment_status === "waiting"
          ? "All places are taken. You are in as soon as it is your turn; this page opens by itself then."
          : "Its lessons, announcements and recordings are for those who take part."}
      </EmptyState>
    </>
  );
}

function Tabs({ tab }: { tab: string }) {
  const { course, may, staff } = useCourse();
  const open = TABS.filter(({ right, students }) => may(right) && !(students && staff));
  const here = open.find(({ path }) => path === tab);
  const root = `/courses/${course.id}`;
  return (
    <>
      <div className="course-tabs">
        <PlaceTabs
          label="In this course"
          tabs={open
            .filter(({ within }) => !within)
            .map(({ path, label, icon }) => ({
              href: path ? `${root}/${path}` : root,
              label,
              icon,
              current: path === tab ? "page" : path === here?.within ? "true" : undefined,
              testId: `tab-${path || "lessons"}`,
            }))}
        />
      </div>
      {here ? (
        <Suspense fallback={<Loading />}>{here.page()}</Suspense>
      ) : (
        <EmptyState
          icon="search"
          title="There is no such page"
          action={<ButtonLink href={root}>To the lessons</ButtonLink>}
        >
          The link may be old, or this is for the staff of the course.
        </EmptyState>
      )}
    </>
  );
}
