/** The address at which a calendar follows the lessons: told once, renewed, ended. */
import { useCallback, useState } from "react";
import { MAX_PAGE, readFirst } from "../../../api/pages";
import { Button } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { Notice } from "../../../design/Notice";
import { momentWithin } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { CopyLine } from "../CopyLine";

/** `course_id` null: of all one's courses. */
export function CalendarCard({ course_id }: { course_id: string | null }) {
  const { calendars } = useApi();
  const [url, setUrl] = useState("");
  const task = useTask();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const all = await readFirst(MAX_PAGE, (page) => calendars.list(page, signal));
      return { calendar: all.items.find((one) => one.course_id === course_id) ?? null };
    },
    [calendars, course_id],
  );
  const { data, error, reload } = useLoaded(load);
  const calendar = data?.calendar ?? null;
  const renew = () =>
    void task.run(async () => {
      setUrl((await calendars.renew(course_id)).url);
      await reload();
    });
  const end = () =>
    void task.run(async () => {
      if (calendar) await calendars.delete(calendar.id);
      setUrl("");
      await reload();
    }, "The calendar shows nothing any more.");
  return (
    <section className="course-part" aria-label="In your calendar">
      <Card>
        <div className="form">
          <h2>In your calendar</h2>
          <p className="soft">
            Calendar programs follow {course_id ? "this course's lessons" : "the lessons of all your courses"}{" "}
            at an address of your own. Whoever has the address reads them: keep it to yourself.
          </p>
          {error && <Notice tone="wrong">{error}</Notice>}
          {url && (
            <CopyLine
              label="Address of your calendar"
              value={url}
              hint="It is shown this once. In your calendar program choose “subscribe by address”."
              testId="calendar-url"
            />
          )}
          {calendar && !url && (
            <p className="soft">
              You have had an address since {momentWithin(calendar.renewed_at)}. If you have lost it, make
              another: the old one shows nothing then.
            </p>
          )}
          {data && (
            <div className="course-tools-end calendar-ways">
              <Button busy={task.busy} icon="calendar" onClick={renew} data-testid="make-calendar">
                {calendar ? "Make another address" : "Make an address"}
              </Button>
              {calendar && (
                <Button tone="quiet" onClick={end} data-testid="end-calendar">
                  End it
                </Button>
              )}
            </div>
          )}
        </div>
      </Card>
    </section>
  );
}
