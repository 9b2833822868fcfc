/** What one was told, newest first: each leads to what it is about, and is read then. */
import { useCallback, useState } from "react";
import { Link, useSearchParams } from "wouter";
import type { Notification } from "../../api/notifications";
import { MAX_PAGE, readFirst } from "../../api/pages";
import { AppShell } from "../../design/AppShell";
import { Button, ButtonLink, IconButton } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import "../../design/Lists.css";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { moment } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useTitle } from "../../hooks/useTitle";
import { useApi } from "../../session/Session";
import { useUnread } from "../../session/Unread";
import "../admin/AdminPage.css";
import "../courses/Courses.css";
import "./Notifications.css";
import { linkOf } from "./notification_words";

const PAGE = 30;
const FRESH_MS = 25_000;
const LONG_FRESH_MS = 60_000;

export function Notifications() {
  useTitle("Notifications");
  const { notifications } = useApi();
  const { reload: count } = useUnread();
  const [query, setQuery] = useSearchParams();
  const unread = query.get("view") === "unread";
  const [wanted, setWanted] = useState({ unread, count: PAGE });
  const asked = wanted.unread === unread ? wanted.count : PAGE;
  const load = useCallback(
    async (signal: AbortSignal) => ({
      unread,
      ...(await readFirst(asked, (page) => notifications.list({ unread, ...page }, signal))),
    }),
    [notifications, unread, asked],
  );
  const { data, error, reload } = useLoaded(load, asked > MAX_PAGE ? LONG_FRESH_MS : FRESH_MS);
  const task = useTask();
  const list = data?.unread === unread ? data : null;
  const newest = list?.items[0]?.id;
  const changed = () => Promise.all([reload(), count()]);
  const markAll = (up_to: string) =>
    task.run(async () => {
      await notifications.markAll(up_to);
      await changed();
    }, "Everything here is read.");
  const mark = (id: string, read: boolean) =>
    task.run(async () => {
      await notifications.mark(id, read);
      await changed();
    });
  /** The page that it leads to does not wait for it. */
  const follow = (one: Notification) => {
    if (one.read_at === null) void notifications.mark(one.id, true).then(count, () => undefined);
  };
  return (
    <AppShell>
      <div className="page-head">
        <h1>Notifications</h1>
        <div className="admin-tools">
          {newest !== undefined && list?.items.some((one) => one.read_at === null) && (
            <Button icon="check" busy={task.busy} onClick={() => void markAll(newest)} data-testid="read-all">
              Mark all as read
            </Button>
          )}
          <ButtonLink href="/notifications/settings" icon="settings" testId="notification-settings">
            Settings
          </ButtonLink>
        </div>
      </div>
      <div className="filters">
        <Views
          unread={unread}
          onChoose={(one) => setQuery(one ? { view: "unread" } : {}, { replace: true })}
        />
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
      {!list && !error && <Loading label="Loading notifications" />}
      {list?.items.length === 0 && <Nothing unread={unread} />}
      {list && list.items.length > 0 && (
        <ul className="list" data-testid="notifications">
          {list.items.map((one) => (
            <Row
              key={one.id}
              one={one}
              onFollow={() => follow(one)}
              onMark={(read) => void mark(one.id, read)}
            />
          ))}
        </ul>
      )}
      {list?.more && (
        <p className="list-more">
          <Button busy={list.asked < asked} onClick={() => setWanted({ unread, count: asked + PAGE })}>
            Show more
          </Button>
        </p>
      )}
    </AppShell>
  );
}

function Views({ unread, onChoose }: { unread: boolean; onChoose: (unread: boolean) => void }) {
  return (
    <div className="choices" role="group" aria-label="Which notifications">
      {[false, true].map((one) => (
        <button
          key={String(one)}
          type="button"
          className="choice"
          aria-pressed={one === unread}
          onClick={() => onChoose(one)}
          data-testid={one ? "show-unread" : "show-all"}
        >
          {one ? "Unread" : "All"}
        </button>
      ))}
    </div>
  );
}

function Nothing({ unread }: { unread: boolean }) {
  return unread ? (
    <EmptyState icon="check" title="You have read everything">
      What comes next appears here, and on the bell.
    </EmptyState>
  ) : (
    <EmptyState icon="bell" title="Nothing yet">
      Announcements, live lessons that are planned or moved, recordings and work in your courses appear here.
    </EmptyState>
  );
}

interface RowProps {
  one: Notification;
  onFollow: () => void;
  onMark: (read: boolean) => void;
}

function Row({ one, onFollow, onMark }: RowProps) {
  const unread = one.read_at === null;
  const link = linkOf(one);
  const words = (
    <>
      <strong>{one.title}</strong>
      {unread && <span className="visually-hidden">, unread</span>}
    </>
  );
  const mark = unread ? "Mark as read" : "Mark as unread";
  return (
    <li className={unread ? "told told-unread" : "told"} data-testid={`told-${one.title}`}>
      <span className="told-dot" aria-hidden="true" />
      <div className="told-words">
        {link ? (
          <Link href={link} className="told-link" onClick={onFollow}>
            {words}
          </Link>
        ) : (
          <p>{words}</p>
        )}
        {one.text && one.text !== one.title && <p className="told-text">{one.text}</p>}
        <p className="list-row-facts">{[one.context, moment(one.at)].filter(Boolean).join(" · ")}</p>
      </div>
      <IconButton
        icon={unread ? "check" : "dot"}
        label={`${mark}: ${one.title}`}
        title={mark}
        size="small"
        className="told-mark"
        onClick={() => onMark(unread)}
        data-testid="mark"
      />
    </li>
  );
}
