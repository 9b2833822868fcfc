/** Invitations: people who are asked in by mail, or by a link where the server sends no mail. */
import type { Role } from "./accounts";
import { type HttpClient, type TokenGrant, withQuery } from "./http";
import type { Page } from "./pages";
import type { RoleWord } from "./people";

export interface Invitation {
  invitation_id: string;
  email: string;
  full_name: string;
  role: Role;
  watch_only?: boolean;
  created_at?: string;
  expires_at: string;
  invited_by?: string | null;
  accepted_at?: string | null;
  revoked_at?: string | null;
  /** Only on a server that sends no mail: what to pass on to the person. */
  link?: string | null;
}

export interface Invited {
  email: string;
  full_name: string;
  role: Role;
  invited_by: string | null;
}

const ROOT = "/api/v1/invitations";
const AUTH = "/api/v1/auth";

export function invitationsApi(http: HttpClient) {
  const one = (id: string) => `${ROOT}/${encodeURIComponent(id)}`;
  return {
    list: (cursor?: string, signal?: AbortSignal) =>
      http.json<Page<Invitation>>("GET", withQuery(ROOT, { cursor }), undefined, signal),
    invite: (person: { email: string; full_name?: string | undefined; role: RoleWord }) =>
      http.json<Invitation>("POST", ROOT, person),
    resend: (id: string) => http.json<Partial<Invitation>>("POST", `${one(id)}/resend`, {}),
    revoke: (id: string) => http.json<unknown>("DELETE", one(id)),

    /** What an invitation says, for who has its link. */
    check: (token: string) => http.json<Invited>("POST", `${AUTH}/check-invitation`, { token }),
    /** Makes the account and signs in. */
    async accept(token: string, full_name: string, password: string): Promise<void> {
      const body = { token, full_name, password, cookie: true };
      http.setGrant(await http.json<TokenGrant>("POST", `${AUTH}/accept-invitation`, body));
    },
  };
}

export type InvitationsApi = ReturnType<typeof invitationsApi>;
