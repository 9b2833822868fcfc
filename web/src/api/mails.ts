/** Mails that the server sent, could not send, or only keeps because it has no way to send them. */

import type { Said } from "./accounts";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface Mail {
  mail_id: string;
  kind: string;
  to: string;
  subject: string;
  created_at: string;
  /** When its words are thrown away, sent or not. */
  expires_at: string;
  sent_at: string | null;
  failed_at: string | null;
  attempts: number;
  last_error: string | null;
  /** Whether its words can still be read. */
  has_body: boolean;
}

export interface MailText extends Mail {
  /** Null once it is sent or too old. */
  body: string | null;
}

const ROOT = "/api/v1/mails";

export function mailsApi(http: HttpClient) {
  const one = (id: string) => `${ROOT}/${encodeURIComponent(id)}`;
  return {
    list: (page: { limit: number; cursor: string | undefined }, signal?: AbortSignal) =>
      http.json<Page<Mail>>("GET", withQuery(ROOT, page), undefined, signal),
    /** Reading is written to the audit log: what a mail holds can sign somebody in. */
    read: (id: string) => http.json<MailText>("GET", one(id)),
    retry: (id: string) => http.json<unknown>("POST", `${one(id)}/retry`, {}),
    test: (to: string) => http.json<Said>("POST", `${ROOT}/test`, { to }),
  };
}

export type MailsApi = ReturnType<typeof mailsApi>;
