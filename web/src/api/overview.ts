/** How the server is and what it is set to. */
import type { HttpClient } from "./http";

export interface ServerState {
  version: string;
  started_at: string;
  draining: boolean;
  classes: number;
  /** "ok", or what is wrong. */
  checks: Readonly<Record<string, string>>;
  database: string;
  data_folder: string;
  disk_free_bytes: number;
  disk_total_bytes: number;
  disk_needed_bytes: number;
  storage: string;
  media: readonly { protocol: string; address: string; port: number }[];
  turn: readonly string[];
  tls: string;
  public_url: string;
  mail: string;
  mails_waiting: number;
  mails_failed: number;
  jobs_waiting: number;
  jobs_running: number;
  jobs_failed: number;
  last_backup_at: string | null;
}

export interface Setting {
  name: string;
  /** JSON; empty for what is secret. */
  value: string;
  secret: boolean;
  is_set: boolean;
  /** A file or a variable; empty: as the program has it. */
  origin: string;
}

export function overviewApi(http: HttpClient) {
  return {
    state: (signal?: AbortSignal) => http.json<ServerState>("GET", "/api/v1/server/state", undefined, signal),
    settings: async (signal?: AbortSignal) =>
      (await http.json<{ items: Setting[] }>("GET", "/api/v1/server/settings", undefined, signal)).items,
  };
}

export type OverviewApi = ReturnType<typeof overviewApi>;
