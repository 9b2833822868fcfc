/** The audit log, for administrators. */
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface AuditEntry {
  id: string;
  at: string;
  event: string;
  actor_id: string | null;
  actor_name: string | null;
  subject: string | null;
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  details: Record<string, unknown> | null;
}

/** Empty words filter nothing; times are RFC 3339. */
export interface AuditFilter {
  event: string;
  actor_id: string;
  subject: string;
  since: string;
  until: string;
}

const ROOT = "/api/v1/audit";

export function auditApi(http: HttpClient) {
  return {
    list: (filter: AuditFilter, page: { limit: number; cursor: string | undefined }, signal?: AbortSignal) =>
      http.json<Page<AuditEntry>>("GET", withQuery(ROOT, { ...filter, ...page }), undefined, signal),
    events: async () => (await http.json<{ items: string[] }>("GET", `${ROOT}/events`)).items,
    download: (filter: AuditFilter) => http.download(withQuery(`${ROOT}/export`, { ...filter })),
  };
}

export type AuditApi = ReturnType<typeof auditApi>;
