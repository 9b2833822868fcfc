/** Accounts: signing in and out, registering, the own profile. */
import type { HttpClient, TokenGrant } from "./http";

export type Role = "admin" | "teacher" | "assistant" | "student" | "guest";

export interface User {
  user_id: string;
  email: string;
  full_name: string;
  phone?: string | null;
  role: Role;
  /** False until the address is verified or an admin has approved the account. */
  verified?: boolean;
}

export interface Session {
  session_id: string;
  user_agent?: string | null;
  ip?: string | null;
  created_at: string;
  last_seen_at: string;
  current: boolean;
}

export interface Registration {
  email: string;
  password: string;
  full_name: string;
}

const AUTH = "/api/v1/auth";

export function accountsApi(http: HttpClient) {
  const enter = async (email: string, password: string): Promise<void> => {
    http.setGrant(await http.json<TokenGrant>("POST", `${AUTH}/login`, { email, password, cookie: true }));
  };
  return {
    login: enter,

    /** Makes the first admin from the link printed at first start, and signs in. */
    async setUp(token: string, person: Registration): Promise<void> {
      http.setGrant(await http.json<TokenGrant>("POST", `${AUTH}/setup`, { token, ...person, cookie: true }));
    },

    /** Makes an account that wishes for a role; the answer's message says whether approval is pending. */
    register: (person: Registration & { role: Role }) =>
      http.json<User & { message?: string }>("POST", `${AUTH}/register`, person),

    /** Ends the session. Forgets the token even when the server cannot be told. */
    async logout(): Promise<void> {
      try {
        await http.json<unknown>("POST", `${AUTH}/logout`, {});
      } finally {
        http.setGrant(null);
      }
    },

    profile: () => http.json<User>("GET", `${AUTH}/profile`),
    updateProfile: (changes: Partial<Pick<User, "full_name" | "phone">>) =>
      http.json<User>("PATCH", `${AUTH}/profile`, changes),

    sessions: async () => (await http.json<{ items: Session[] }>("GET", `${AUTH}/sessions`)).items,
    endSession: (id: string) => http.json<unknown>("DELETE", `${AUTH}/sessions/${encodeURIComponent(id)}`),
  };
}

export type AccountsApi = ReturnType<typeof accountsApi>;
