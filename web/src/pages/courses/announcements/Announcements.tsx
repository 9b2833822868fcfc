/** What a course is told, newest first. */
import { useCallback, useState } from "react";
import type { Announcement } from "../../../api/announcements";
import { MAX_PAGE, readFirst } from "../../../api/pages";
import { Button } from "../../../design/Button";
import { Card } from "../../../design/Card";
import { Dialog, DialogActions } from "../../../design/Dialog";
import { EmptyState } from "../../../design/EmptyState";
import { Icon } from "../../../design/Icon";
import { Menu } from "../../../design/Menu";
import { Notice } from "../../../design/Notice";
import { Loading } from "../../../design/Spinner";
import { moment } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { useTask } from "../../../hooks/useTask";
import { useApi } from "../../../session/Session";
import { useCourse } from "../useCourse";
import { AnnouncementDialog } from "./AnnouncementDialog";
import "./Announcements.css";

const PAGE = 20;
const FRESH_MS = 20_000;
const LONG_FRESH_MS = 60_000;

export function Announcements() {
  const { course, staff } = useCourse();
  const { announcements } = useApi();
  const [count, setCount] = useState(PAGE);
  const [open, setOpen] = useState<{ id: string | null } | null>(null);
  const [doomed, setDoomed] = useState<Announcement | null>(null);
  const task = useTask();
  const load = useCallback(
    (signal: AbortSignal) => readFirst(count, (page) => announcements.list(course.id, page, signal)),
    [announcements, course.id, count],
  );
  const { data, error, reload } = useLoaded(load, count > MAX_PAGE ? LONG_FRESH_MS : FRESH_MS);
  const write = staff && course.status !== "archived";
  const button = (
    <Button tone="primary" icon="plus" onClick={() => setOpen({ id: null })} data-testid="announce">
      Announce something
    </Button>
  );
  const remove = async () => {
    if (!doomed) return;
    await task.run(async () => {
      await announcements.delete(course.id, doomed.id);
      await reload();
    }, "The announcement was taken back.");
    setDoomed(null);
  };
  return (
    <div>
      {write && data && data.items.length > 0 && (
        <div className="course-tools">
          <div className="course-tools-end">{button}</div>
        </div>
      )}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading announcements" />}
      {data?.items.length === 0 && (
        <EmptyState icon="chat" title="Nothing announced yet" action={write && button}>
          {write
            ? "Everybody in the course reads it here and on their home page."
            : "What the course is told is here."}
        </EmptyState>
      )}
      {data && data.items.length > 0 && (
        <ul className="announcements" data-testid="announcements">
          {data.items.map((one) => (
            <li key={one.id}>
              <Told
                announcement={one}
                write={write}
                onEdit={() => setOpen({ id: one.id })}
                onDelete={() => setDoomed(one)}
              />
            </li>
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
      <AnnouncementDialog
        open={open !== null}
        id={open?.id ?? null}
        onClose={() => setOpen(null)}
        onDone={reload}
      />
      <Dialog title="Take this back?" open={doomed !== null} onClose={() => setDoomed(null)}>
        <p className="soft">“{doomed?.title}” will be gone. Who has read it has read it.</p>
        <DialogActions>
          <Button onClick={() => setDoomed(null)}>Keep it</Button>
          <Button
            tone="danger"
            busy={task.busy}
            onClick={() => void remove()}
            data-testid="confirm-take-back"
          >
            Take it back
          </Button>
        </DialogActions>
      </Dialog>
    </div>
  );
}

function Told({
  announcement,
  write,
  onEdit,
  onDelete,
}: {
  announcement: Announcement;
  write: boolean;
  onEdit: () => void;
  onDelete: () => void;
}) {
  const { title, body, author_name, created_at, updated_at } = announcement;
  const edited = Date.parse(updated_at) > Date.parse(created_at);
  return (
    <Card>
      <div className="announcement-head">
        <div>
          <h2 className="announcement-title">{title}</h2>
          <p className="announcement-facts">
            {[author_name, moment(created_at), edited && `changed ${moment(updated_at).toLowerCase()}`]
              .filter(Boolean)
              .join(" · ")}
          </p>
        </div>
        {write && (
          <Menu
            label={`More for ${title}`}
            className="button button-quiet button-small button-icon"
            testId={`announcement-menu-${title}`}
            items={[
              { label: "Edit", icon: "edit", testId: "edit-announcement", act: onEdit },
              { label: "Take back", icon: "trash", danger: true, testId: "take-back", act: onDelete },
            ]}
          >
            <Icon name="more" size={18} />
          </Menu>
        )}
      </div>
      {body && <p className="announcement-body">{body}</p>}
    </Card>
  );
}
