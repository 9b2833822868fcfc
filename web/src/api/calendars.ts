/** Calendars to follow at a secret address. */
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface Calendar {
  id: string;
  /** null: of all one's courses. */
  course_id: string | null;
  created_at: string;
  /** Since when it has the address that it has. */
  renewed_at: string;
}

export type MadeCalendar = Calendar & { url: string };

const ROOT = "/api/v1/calendars";

export function calendarsApi(http: HttpClient) {
  return {
    list: (page: { limit: number; cursor: string | undefined }, signal?: AbortSignal) =>
      http.json<Page<Calendar>>("GET", withQuery(ROOT, { ...page }), undefined, signal),
    /** Makes one, or gives it another address: the one before shows nothing any more. */
    renew: (course_id: string | null) => http.json<MadeCalendar>("POST", ROOT, { course_id }),
    delete: (id: string) => http.json<unknown>("DELETE", `${ROOT}/${encodeURIComponent(id)}`),
  };
}

export type CalendarsApi = ReturnType<typeof calendarsApi>;
