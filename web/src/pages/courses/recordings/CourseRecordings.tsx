/** The recordings that are filed in a course: watched, published, taken out. */
import { useCallback, useState } from "react";
import { Link, useLocation } from "wouter";
import type { FiledRecording } from "../../../api/course_recordings";
import { MAX_PAGE, readFirst } from "../../../api/pages";
import { Badge } from "../../../design/Badge";
import { Button } from "../../../design/Button";
import { EmptyState } from "../../../design/EmptyState";
import { Icon } from "../../../design/Icon";
import { Menu } from "../../../design/Menu";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { clock, moment } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { STATUSES } from "../../recordings/status";
import { useCourse } from "../useCourse";
import { CourseFigures } from "./CourseFigures";
import { FileDialog } from "./FileDialog";

const PAGE = 50;
const FRESH_MS = 20_000;
const LESSONS = 1000;
const LONG_FRESH_MS = 60_000;

export function CourseRecordings() {
  const { course, staff } = useCourse();
  const { courseRecordings, outline } = useApi();
  const [count, setCount] = useState(PAGE);
  const [filing, setFiling] = useState(false);
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [filed, lessons] = await Promise.all([
        readFirst(count, (page) => courseRecordings.list(course.id, page, signal)),
        readFirst(LESSONS, (page) => outline.lessons(course.id, page, signal)),
      ]);
      return { ...filed, lessons: new Map(lessons.items.map(({ id, title }) => [id, title])) };
    },
    [courseRecordings, outline, course.id, count],
  );
  const { data, error, reload } = useLoaded(load, count > MAX_PAGE ? LONG_FRESH_MS : FRESH_MS);
  const change = staff && course.status !== "archived";
  const button = (
    <Button icon="plus" onClick={() => setFiling(true)} data-testid="file-recording">
      File a recording
    </Button>
  );
  return (
    <div>
      {staff && <CourseFigures />}
      {change && data && data.items.length > 0 && (
        <div className="course-tools">
          <div className="course-tools-end">{button}</div>
        </div>
      )}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading recordings" />}
      {data?.items.length === 0 && (
        <EmptyState icon="film" title="No recordings yet" action={change && button}>
          {staff
            ? "What is recorded in a live lesson files itself here. Others can be filed by who made them."
            : "They appear here as soon as they are published."}
        </EmptyState>
      )}
      {data && data.items.length > 0 && (
        <ul className="list" data-testid="course-recordings">
          {data.items.map((one) => (
            <Row
              key={one.recording_id}
              filed={one}
              lesson={data.lessons.get(one.lesson_id ?? "")}
              change={change}
              onDone={reload}
            />
          ))}
        </ul>
      )}
      {data?.more && (
        <p className="list-more">
          <Button busy={data.asked < count} onClick={() => setCount(count + PAGE)}>
            Show more
          </Button>
        </p>
      )}
      <FileDialog open={filing} onClose={() => setFiling(false)} onDone={reload} />
    </div>
  );
}

function Row({
  filed,
  lesson,
  change,
  onDone,
}: {
  filed: FiledRecording;
  /** What it is filed under. */
  lesson: string | undefined;
  change: boolean;
  onDone: () => Promise<void>;
}) {
  const { courseRecordings } = useApi();
  const [, go] = useLocation();
  const task = useTask();
  const {
    course_id,
    recording_id: id,
    lecture_title,
    status,
    published,
    duration_seconds,
    started_at,
  } = filed;
  const title = lecture_title || "Untitled";
  const act = (work: () => Promise<unknown>, done: string) =>
    void task.run(async () => {
      await work();
      await onDone();
    }, done);
  const facts = [
    lesson !== title && lesson,
    filed.lecture_number !== null && `Lecture ${filed.lecture_number}`,
    started_at && moment(started_at),
    duration_seconds > 0 && clock(duration_seconds),
  ];
  return (
    <li className="list-row course-row" data-testid={`filed-${title}`}>
      <div className="list-row-words">
        <Link href={`/recordings/${id}`}>{title}</Link>
        <p className="list-row-facts">{facts.filter(Boolean).join(" · ")}</p>
      </div>
      <span className="course-badges">
        {status !== "ready" && <Badge tone={STATUSES[status].tone}>{STATUSES[status].label}</Badge>}
        {!published && <Badge tone="warn">Unpublished</Badge>}
      </span>
      {change && (
        <Menu
          label={`More for ${title}`}
          className="button button-quiet button-small button-icon"
          testId={`filed-menu-${title}`}
          items={[
            {
              label: "How it is watched",
              icon: "signal",
              testId: "filed-analytics",
              act: () => go(`/recordings/${id}/analytics`),
            },
            published
              ? {
                  label: "Unpublish",
                  icon: "eyeOff",
                  testId: "unpublish",
                  act: () =>
                    act(
                      () => courseRecordings.unpublish(course_id, id),
                      "Students see it no more; who watched it was cut off.",
                    ),
                }
              : {
                  label: "Publish",
                  icon: "eye",
                  testId: "publish",
                  act: () => act(() => courseRecordings.publish(course_id, id), "Students see it now."),
                },
            {
              label: "Take out of the course",
              icon: "close",
              danger: true,
              testId: "unfile",
              act: () =>
                act(
                  () => courseRecordings.remove(course_id, id),
                  "It is out of the course, and kept under Recordings.",
                ),
            },
          ]}
        >
          <Icon name="more" size={18} />
        </Menu>
      )}
    </li>
  );
}
