/** Everybody's accounts, as administrators see them. */
import type { Role, User } from "./accounts";
import { type HttpClient, withQuery } from "./http";
import type { Page } from "./pages";

export interface Person extends User {
  verified: boolean;
  /** The role asked for at registration; null once an administrator has decided. */
  requested_role: Role | null;
  /** A student who never presents. */
  watch_only: boolean;
  /** When the account was closed; null while it is open. */
  disabled_at: string | null;
  created_at: string;
}

/** A role as the server reads it: "viewer" is a student who only watches. */
export type RoleWord = Role | "viewer";

export interface PersonChange {
  approved?: boolean;
  role?: RoleWord;
  disabled?: boolean;
}

export interface PeopleFilter {
  /** Only those who wait for a decision (true), or only the others (false). */
  pending: boolean;
  /** Part of a name or an address. */
  search?: string | undefined;
  limit?: number;
  cursor?: string | undefined;
}

const ROOT = "/api/v1/users";

export function peopleApi(http: HttpClient) {
  return {
    list: ({ pending, ...filter }: PeopleFilter, signal?: AbortSignal) =>
      http.json<Page<Person>>(
        "GET",
        withQuery(ROOT, { pending: String(pending), ...filter }),
        undefined,
        signal,
      ),
    change: (id: string, change: PersonChange) =>
      http.json<Person>("PATCH", `${ROOT}/${encodeURIComponent(id)}`, change),
  };
}

export type PeopleApi = ReturnType<typeof peopleApi>;
