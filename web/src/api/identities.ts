/** Signing in through OpenID providers, and which of them belong to the own account. */
import { type HttpClient, withQuery } from "./http";

export interface Provider {
  name: string;
  title: string;
}

export interface Identity {
  id: string;
  issuer: string;
  /** The provider's name for people, where this server still knows it. */
  title?: string | null;
  email: string | null;
  created_at: string;
  last_used_at: string | null;
}

const AUTH = "/api/v1/auth";

/** Where a browser goes to sign in at a provider; it comes back to `return_to`. */
export const providerStart = (name: string, return_to: string): string =>
  withQuery(`${AUTH}/oidc/${encodeURIComponent(name)}/start`, { return_to });

export function identitiesApi(http: HttpClient) {
  return {
    providers: async () => (await http.json<{ providers: Provider[] }>("GET", `${AUTH}/oidc`)).providers,
    list: async () => (await http.json<{ items: Identity[] }>("GET", `${AUTH}/identities`)).items,
    /** Gives the provider's address to go to. */
    link: async (name: string, return_to: string) =>
      (
        await http.json<{ location: string }>("POST", `${AUTH}/oidc/${encodeURIComponent(name)}/link`, {
          return_to,
        })
      ).location,
    unlink: (id: string) => http.json<unknown>("DELETE", `${AUTH}/identities/${encodeURIComponent(id)}`),
  };
}

export type IdentitiesApi = ReturnType<typeof identitiesApi>;
