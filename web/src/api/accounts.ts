/** Accounts: signing in and out, registering, links from mails, the own profile and its data. */
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
  /** An admin took the approval back: only another approval lets this person in. */
  approval_withdrawn?: boolean;
  /** Where the picture is read, with the token; null without one. */
  picture_url?: string | null;
  totp_enabled?: boolean;
  /** False for who signs in through an OpenID provider only. */
  has_password?: boolean;
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

/** Words of the server to show as they are. */
export interface Said {
  message: string;
}

/** What proves once more who is asking; the password is left out where the account has none. */
export interface Proof {
  password?: string | undefined;
  totp?: string | undefined;
}

const AUTH = "/api/v1/auth";

export function accountsApi(http: HttpClient) {
  const post = <T>(path: string, body: unknown = {}) => http.json<T>("POST", `${AUTH}/${path}`, body);
  const enter = async (path: string, body: object): Promise<void> =>
    http.setGrant(await post<TokenGrant>(path, { ...body, cookie: true }));
  return {
    /** `totp` is a code of the second factor, or a backup code. */
    login: (email: string, password: string, totp?: string) =>
      enter("login", { email, password, ...(totp && { totp }) }),

    /** Makes the first admin from the link printed at first start, and signs in. */
    setUp: (token: string, person: Registration) => enter("setup", { token, ...person }),

    /** Makes an account that wishes for a role; the answer's message says whether approval is pending. */
    register: (person: Registration & { role: Role }) => post<User & Partial<Said>>("register", person),

    /** Ends the session. Forgets the token even when the server cannot be told. */
    async logout(): Promise<void> {
      try {
        await post<unknown>("logout");
      } finally {
        http.setGrant(null);
      }
    },

    verifyEmail: (token: string) => post<Said & { email: string }>("verify-email", { token }),
    resendVerification: (email: string) => post<Said>("resend-verification", { email }),
    forgotPassword: (email: string) => post<Said>("forgot-password", { email }),
    checkReset: (token: string) => post<{ valid: boolean; email: string }>("verify-reset-token", { token }),
    resetPassword: (token: string, new_password: string, totp?: string) =>
      post<Said>("reset-password", { token, new_password, ...(totp && { totp }) }),

    profile: () => http.json<User>("GET", `${AUTH}/profile`),
    updateProfile: (changes: Partial<Pick<User, "full_name" | "phone">>) =>
      http.json<User>("PATCH", `${AUTH}/profile`, changes),
    changePassword: (change: {
      current_password?: string | undefined;
      new_password: string;
      end_other_sessions: boolean;
    }) => post<Said & { ended_sessions: number }>("change-password", change),
    changeEmail: (new_email: string, password?: string) =>
      post<Said>("change-email", { new_email, ...(password && { password }) }),
    setPicture: (picture: Blob) => http.upload<unknown>("PUT", `${AUTH}/profile/picture`, picture),
    removePicture: () => http.json<unknown>("DELETE", `${AUTH}/profile/picture`),

    sessions: async () => (await http.json<{ items: Session[] }>("GET", `${AUTH}/sessions`)).items,
    /** Long after sign-in the password is asked for, here and to end all others. */
    endSession: (id: string, password?: string) =>
      http.json<unknown>("DELETE", `${AUTH}/sessions/${encodeURIComponent(id)}`, {
        ...(password && { password }),
      }),
    endOtherSessions: (password?: string) =>
      http.json<{ ended_sessions: number }>("DELETE", `${AUTH}/sessions`, {
        ...(password && { password }),
      }),

    /** Everything held of oneself; who has no password has been asked by a provider who they are. */
    exportOwn: (password?: string) => http.download(`${AUTH}/export`, { ...(password && { password }) }),

    /** Erases the own account and forgets the token. */
    async deleteAccount(proof: Proof): Promise<void> {
      await post<unknown>("delete-account", proof);
      http.setGrant(null);
    },
  };
}

export type AccountsApi = ReturnType<typeof accountsApi>;
