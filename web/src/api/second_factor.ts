/** The second factor: codes of an authenticator app, and backup codes. */
import type { HttpClient } from "./http";

export interface SecondFactor {
  enabled: boolean;
  enabled_at: string | null;
  backup_codes_left: number;
}

export interface FactorSetup {
  secret: string;
  otpauth_uri: string;
  /** A drawing, complete with its `<svg>`. */
  qr_svg: string;
}

const ROOT = "/api/v1/auth/2fa";

export function secondFactorApi(http: HttpClient) {
  const post = <T>(path: string, body: unknown) => http.json<T>("POST", `${ROOT}/${path}`, body);
  const codes = async (path: string, code: string) =>
    (await post<{ backup_codes: string[] }>(path, { code })).backup_codes;
  return {
    read: () => http.json<SecondFactor>("GET", ROOT),
    setUp: (password?: string) => post<FactorSetup>("setup", { ...(password && { password }) }),
    /** Gives the backup codes, which are told only now. */
    enable: (code: string) => codes("enable", code),
    disable: (code: string, password?: string) =>
      post<unknown>("disable", { code, ...(password && { password }) }),
    regenerate: (code: string) => codes("backup-codes/regenerate", code),
  };
}

export type SecondFactorApi = ReturnType<typeof secondFactorApi>;
