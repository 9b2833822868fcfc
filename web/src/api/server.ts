/** What the server says of itself before anybody signs in. */
import type { HttpClient } from "./http";

export interface ServerInfo {
  name: string;
  version: string;
  /** True on a server where everyone may enter every room without an account. */
  open_rooms: boolean;
  /** Whether people may register by themselves. */
  registration: boolean;
  /** Whether the server sends mail; without it administrators pass its links on. */
  mail?: boolean;
  /** What lets a new account in: the link in a mail, or an administrator. */
  approval?: "mail" | "admin";
  password_min_length?: number;
  /** Where people find the server, as its administrator says; empty where nothing is said. */
  public_url?: string;
}

/** Whether people let themselves in, with the link that is mailed to them. */
export const confirmsByMail = (server: ServerInfo | null): boolean =>
  server?.mail === true && server.approval === "mail";

export const readServer = (http: HttpClient) => http.json<ServerInfo>("GET", "/api/v1/server");
