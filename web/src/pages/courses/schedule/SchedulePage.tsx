/** When the live lessons of a course are: its series, and the calendar that follows them. */
import { useCallback, useState } from "react";
import { readFirst } from "../../../api/pages";
import type { Schedule } from "../../../api/schedules";
import { Button } from "../../../design/Button";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { EmptyState } from "../../../design/EmptyState";
import { Icon } from "../../../design/Icon";
import { Menu } from "../../../design/Menu";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { day, plural, wallTime } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { CalendarCard } from "./CalendarCard";
import { TOLD_BY_MAIL } from "./mails";
import { ruleWords } from "./rule";
import { SeriesDialog } from "./SeriesDialog";
import { UpcomingLessons } from "./UpcomingLessons";

const MOST = 200;
const FRESH_MS = 60_000;

export function SchedulePage() {
  const { course, staff } = useCourse();
  return (
    <div>
      <UpcomingLessons />
      {staff && <SeriesList />}
      <CalendarCard course_id={course.id} />
    </div>
  );
}

function SeriesList() {
  const { course } = useCourse();
  const { schedules } = useApi();
  const [open, setOpen] = useState<{ id: string | null } | null>(null);
  const [doomed, setDoomed] = useState<Schedule | null>(null);
  const task = useTask();
  const load = useCallback(
    (signal: AbortSignal) => readFirst(MOST, (page) => schedules.list(course.id, page, signal)),
    [schedules, course.id],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const write = course.status !== "archived";
  const button = (
    <Button icon="plus" tone="primary" onClick={() => setOpen({ id: null })} data-testid="new-series">
      New series
    </Button>
  );
  const remove = async () => {
    if (!doomed) return;
    await task.run(async () => {
      await schedules.delete(course.id, doomed.id);
      await reload();
    }, `The series “${doomed.title}” was deleted.`);
    setDoomed(null);
  };
  return (
    <section className="course-part" aria-label="Series">
      <div className="course-part-head">
        <h2>Series</h2>
        {write && data && data.items.length > 0 && button}
      </div>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the series" />}
      {data?.items.length === 0 && (
        <EmptyState icon="calendar" title="No series yet" action={write && button}>
          “Every Monday at eight” makes the live lessons of the coming weeks by itself. Each can still be
          moved or cancelled.
        </EmptyState>
      )}
      {data && data.items.length > 0 && (
        <ul className="list" data-testid="series">
          {data.items.map((one) => (
            <li key={one.id} className="list-row course-row" data-testid={`series-${one.title}`}>
              <div className="list-row-words">
                <strong>{one.title}</strong>
                <p className="list-row-facts">{seriesWords(one)}</p>
              </div>
              <span />
              {write && (
                <Menu
                  label={`More for the series ${one.title}`}
                  className="button button-quiet button-small button-icon"
                  testId={`series-menu-${one.title}`}
                  items={[
                    {
                      label: "Edit",
                      icon: "edit",
                      testId: "edit-series",
                      act: () => setOpen({ id: one.id }),
                    },
                    {
                      label: "Delete",
                      icon: "trash",
                      danger: true,
                      testId: "delete-series",
                      act: () => setDoomed(one),
                    },
                  ]}
                >
                  <Icon name="more" size={18} />
                </Menu>
              )}
            </li>
          ))}
        </ul>
      )}
      <SeriesDialog
        open={open !== null}
        id={open?.id ?? null}
        onClose={() => setOpen(null)}
        onDone={reload}
      />
      <Dialog title="Delete this series?" open={doomed !== null} onClose={() => setDoomed(null)}>
        <p className="soft">
          The lessons of “{doomed?.title}” that have not begun are deleted, also those that were moved. What
          was held stays.
          {course.mail_lessons && course.status === "active" && TOLD_BY_MAIL}
        </p>
        <DialogActions>
          <Button onClick={() => setDoomed(null)}>Keep it</Button>
          <Button tone="danger" busy={task.busy} onClick={() => void remove()} data-testid="confirm-series">
            Delete series
          </Button>
        </DialogActions>
      </Dialog>
    </section>
  );
}

/** "Every week on Monday, 08:00 (Europe/Berlin), 45 min, from 5 Oct 2026" */
export function seriesWords({
  rule,
  first_start,
  time_zone,
  duration_minutes,
  skipped,
}: Pick<Schedule, "rule" | "first_start" | "time_zone" | "duration_minutes" | "skipped">): string {
  const parts = [
    ruleWords(rule, first_start),
    `at ${wallTime(first_start.slice(11))} (${time_zone.replaceAll("_", " ")})`,
    `${duration_minutes} min`,
    `from ${day(first_start)}`,
    skipped.length > 0 && `${plural(skipped.length, "class", "classes")} left out`,
  ];
  return parts.filter(Boolean).join(", ");
}
