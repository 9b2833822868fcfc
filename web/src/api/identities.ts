/** Signing in through OpenID providers, and which of them belong to the own account. */
import { type HttpClient, type TokenGrant, withQuery } from "./http";

export interface Provider {
  name: string;
  title: string;
}

export interface Identity {
  identity_id: string;
  /** Null for a provider that is not set up here any more. */
  provider: string | null;
  title: string;
  email: string | null;
  created_at: string;
  last_used_at: string | null;
}

const AUTH = "/api/v1/auth";

/**
 * Where a browser goes to sign in at a provider; it comes back to `return_to`. `anew`: the provider asks who it is,
 * though it may know the browser.
 */
export const providerStart = (name: string, return_to: string, anew = false): string =>
  withQuery(`${AUTH}/oidc/${encodeURIComponent(name)}/start`, { return_to, anew: anew ? "true" : undefined });

export function identitiesApi(http: HttpClient) {
  return {
    providers: async () => (await http.json<{ providers: Provider[] }>("GET", `${AUTH}/oidc`)).providers,
    list: async () => (await http.json<{ items: Identity[] }>("GET", `${AUTH}/identities`)).items,

    /** Ends a sign-in through a provider that waits for a code of the second factor. */
    async confirm(second_factor: string, code: string): Promise<void> {
      const body = { second_factor, code, cookie: true };
      http.setGrant(await http.json<TokenGrant>("POST", `${AUTH}/oidc/second-factor`, body));
    },

    /** Gives the provider's address to go to. Long after sign-in the password is asked for. */
    link: async (name: string, return_to: string, password?: string) =>
      (
        await http.json<{ location: string }>("POST", `${AUTH}/oidc/${encodeURIComponent(name)}/link`, {
          return_to,
          ...(password && { password }),
        })
      ).location,
    /** Ends it as a way to sign in; who has no password has been asked by a provider who they are. */
    unlink: (id: string, password?: string) =>
      http.json<unknown>("POST", `${AUTH}/identities/${encodeURIComponent(id)}/unlink`, {
        ...(password && { password }),
      }),
  };
}

export type IdentitiesApi = ReturnType<typeof identitiesApi>;
