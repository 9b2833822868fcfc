/** What the server says of itself before anybody signs in. */
import type { HttpClient } from "./http";

export interface ServerInfo {
  name: string;
  version: string;
  /** True on a server where everyone may enter every room without an account. */
  open_rooms: boolean;
  /** Whether people may register by themselves. */
  registration: boolean;
}

export const readServer = (http: HttpClient) => http.json<ServerInfo>("GET", "/api/v1/server");
