/** What one was told, and what of it comes by mail. */

import { zoneHere } from "../format";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface Notification {
  id: string;
  kind: string;
  title: string;
  text: string;
  /** The page that it is about, as a path; empty for none. */
  link: string;
  /** Where it happened, in words. */
  context: string;
  at: string;
  /** Null: not read yet. */
  read_at: string | null;
}

export type MailChoice = "at_once" | "daily" | "none";

export interface KindChoice {
  kind: string;
  title: string;
  mail: MailChoice;
  /** What holds for who has chosen nothing. */
  default: MailChoice;
}

export interface Choices {
  time_zone: string;
  digest_hour: number;
  /** This server sends mails. */
  mails: boolean;
  kinds: KindChoice[];
}

export interface ChangeChoices {
  time_zone?: string;
  digest_hour?: number;
  /** By kind; null: what holds for who has chosen nothing. */
  kinds?: Record<string, MailChoice | null>;
}

const ROOT = "/api/v1/notifications";

export function notificationsApi(http: HttpClient) {
  return {
    list: (
      wish: { unread: boolean; limit: number; cursor: string | undefined },
      signal?: AbortSignal,
    ): Promise<Page<Notification>> =>
      http.json(
        "GET",
        withQuery(ROOT, { ...wish, unread: wish.unread ? "true" : undefined, time_zone: zoneHere() }),
        undefined,
        signal,
      ),
    unread: (signal?: AbortSignal) =>
      http.json<{ unread: number }>("GET", `${ROOT}/unread`, undefined, signal),
    mark: (id: string, read: boolean) =>
      http.json<Notification>(
        "PATCH",
        withQuery(`${ROOT}/${encodeURIComponent(id)}`, { time_zone: zoneHere() }),
        { read },
      ),
    /** Everything up to the newest that was shown; what came since stays unread. */
    markAll: (up_to: string) =>
      http.json<{ marked: number; unread: number }>("POST", `${ROOT}/read`, { up_to }),
    choices: (signal?: AbortSignal) => http.json<Choices>("GET", `${ROOT}/settings`, undefined, signal),
    choose: (wish: ChangeChoices) => http.json<Choices>("PATCH", `${ROOT}/settings`, wish),
  };
}

export type NotificationsApi = ReturnType<typeof notificationsApi>;
