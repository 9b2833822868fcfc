/** Everybody's accounts, as administrators see them. */
import type { Role, Said, Session, User } from "./accounts";
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
  email_verified_at?: string | null;
  created_at: string;
}

/** A role as the server reads it: "viewer" is a student who only watches. */
export type RoleWord = Role | "viewer";

export interface PersonChange {
  approved?: boolean;
  role?: RoleWord;
  disabled?: boolean;
  full_name?: string;
  email?: string;
  phone?: string | null;
}

export interface NewPerson {
  email: string;
  full_name: string;
  role: RoleWord;
  phone?: string | undefined;
}

/** An account just made: `link` is told only where the server sends no mail. */
export type MadePerson = Person & { link?: string | null };

export interface PeopleFilter {
  /** Only those who wait for a decision (true), or only the others (false). */
  pending?: boolean | undefined;
  /** Part of a name or an address. */
  search?: string | undefined;
  role?: RoleWord | undefined;
  disabled?: boolean | undefined;
  limit?: number;
  cursor?: string | undefined;
}

export interface ImportedLine {
  /** Of the file, from 1, its head included. */
  line: number;
  email: string;
  /** Null where the line is wrong. */
  full_name: string | null;
  role: RoleWord | null;
  outcome: "created" | "exists" | "invalid";
  errors: CellError[];
}

/** What is wrong with one cell; no column where it is the line as a whole. */
export interface CellError {
  column: string;
  detail: string;
}

export interface ImportReport {
  dry_run: boolean;
  total: number;
  created: number;
  skipped: number;
  failed: number;
  /** Columns of the table that were not read, as it calls them. */
  ignored: string[];
  lines: ImportedLine[];
}

/** Somebody as read, with the version that a change is for. */
export interface PersonRead {
  person: Person;
  etag: string | null;
}

const ROOT = "/api/v1/users";

export function peopleApi(http: HttpClient) {
  const one = (id: string) => `${ROOT}/${encodeURIComponent(id)}`;
  return {
    list: ({ pending, disabled, ...filter }: PeopleFilter, signal?: AbortSignal) =>
      http.json<Page<Person>>(
        "GET",
        withQuery(ROOT, { pending: pending?.toString(), disabled: disabled?.toString(), ...filter }),
        undefined,
        signal,
      ),
    async get(id: string, signal?: AbortSignal): Promise<PersonRead> {
      const { body, headers } = await http.exchange<Person>("GET", one(id), { ...(signal && { signal }) });
      return { person: body, etag: headers.get("ETag") };
    },
    add: (person: NewPerson) => http.json<MadePerson>("POST", ROOT, person),
    /** With `etag`, refused with 412 when somebody else has changed the person meanwhile. */
    change: async (id: string, change: PersonChange, etag?: string | null) =>
      (
        await http.exchange<Person>("PATCH", one(id), {
          json: change,
          ...(etag && { headers: { "If-Match": etag } }),
        })
      ).body,
    erase: (id: string) => http.json<unknown>("DELETE", one(id)),
    sessions: async (id: string) =>
      (await http.json<{ items: Session[] }>("GET", `${one(id)}/sessions`)).items,
    endSession: (id: string, session_id: string) =>
      http.json<unknown>("DELETE", `${one(id)}/sessions/${encodeURIComponent(session_id)}`),
    endSessions: (id: string) => http.json<unknown>("DELETE", `${one(id)}/sessions`),
    sendReset: (id: string) => http.json<Partial<Said>>("POST", `${one(id)}/send-password-reset`, {}),
    resetFactor: (id: string) => http.json<Partial<Said>>("POST", `${one(id)}/reset-2fa`, {}),
    exportData: (id: string) => http.download(`${one(id)}/export`),
    /** Reads a table of people; a dry run only tells what would happen. */
    importCsv: (table: Blob, dry_run: boolean) =>
      http.upload<ImportReport>(
        "POST",
        withQuery(`${ROOT}/import`, { dry_run: String(dry_run) }),
        table,
        "text/csv",
      ),
  };
}

export type PeopleApi = ReturnType<typeof peopleApi>;
