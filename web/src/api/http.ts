/** Requests to our own server. The access token lives here, in memory, and nowhere else. */
import { Moment } from "../moment";
import { ApiError, readProblem, toWait_ms, UNREACHABLE } from "./problem";

/** What sign-in and refresh answer. The refresh token itself stays in an HttpOnly cookie. */
export interface TokenGrant {
  access_token: string;
  expires_in: number;
  /** Seconds until the session ends when nobody uses it. */
  session_ends_in?: number;
  /** Seconds until it ends however it is used. */
  session_lasts?: number;
}

/** When somebody last used these pages, as far as this one knows. */
export interface Used {
  readonly at_ms: number;
  /** Says that they are in use now. */
  note(): void;
}

/** A token this near its end is renewed before it is used. */
const RENEW_BEFORE_MS = 30_000;
/** A renewal by itself that fails is made again so much later, then twice that and so on, up to the longest. */
const RENEW_AGAIN_MS = 2_000;
const LONGEST_AGAIN_MS = 30_000;
const REFRESH_PATH = "/api/v1/auth/refresh";
/** 204: this browser has no session to renew. */
const NOTHING = 204;

/**
 * Refusals with 401 that no newer token cures. Asking once more would count as another failed try against
 * the person, or spend a code of the second factor twice.
 */
const ABOUT_THE_PERSON = new Set([
  "wrong_credentials",
  "wrong_password",
  "totp_required",
  "totp_wrong",
  "reauth_required",
]);

type Fetch = typeof fetch;

export class HttpClient {
  #token: string | null = null;
  #expires_ms = 0;
  #refreshing: Promise<boolean> | null = null;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  readonly #fetch: Fetch;
  #sessionEnd: Moment | null = null;
  #sessionLimit: Moment | null = null;
  #toldUse = new Moment(0);

  /** By which renewals that this page makes by itself say since when nobody has used it. */
  used: Used | null = null;

  /** Called with every new token, and when it is forgotten. */
  onGrant: () => void = () => undefined;

  /**
   * Called when the session has ended on the server's side (signed out elsewhere, expired, revoked), and when
   * the browser's is another person's by now.
   */
  onSessionLost: () => void = () => undefined;

  /** Called when the server says that the account waits for approval, which may be news here. */
  onUnapproved: () => void = () => undefined;

  /** Called when the server says that this role demands a second factor, and the person has none. */
  onFactorMissing: () => void = () => undefined;

  constructor(fetcher: Fetch = (input, init) => globalThis.fetch(input, init)) {
    this.#fetch = fetcher;
  }

  get signedIn(): boolean {
    return this.#token !== null;
  }

  /** Whose the token is; null for nobody, and for tokens that are of no account. */
  get account(): string | null {
    return subjectOf(this.#token);
  }

  /** When the session ends unless somebody uses these pages; null while that is not known. */
  get sessionEnd_ms(): number | null {
    return this.#sessionEnd?.at_ms ?? null;
  }

  /** When it ends however it is used; null while that is not known. */
  get sessionLimit_ms(): number | null {
    return this.#sessionLimit?.at_ms ?? null;
  }

  /** The last use of these pages that the server was told of. */
  get toldUse_ms(): number {
    return this.#toldUse.at_ms;
  }

  /** An access token that is good for a while yet, for what is no request; null when nobody is signed in. */
  async accessToken(): Promise<string | null> {
    if (this.#token && Date.now() > this.#expires_ms - RENEW_BEFORE_MS) await this.refresh();
    return this.#token;
  }

  /**
   * Takes a new token, or forgets it (null). Renews it by itself from then on, before it ends.
   * `toldUse_ms`: the last use that the server knows of by it.
   */
  setGrant(grant: TokenGrant | null, toldUse_ms = Date.now()): void {
    clearTimeout(this.#renewal);
    this.#toldUse = new Moment(toldUse_ms);
    this.#token = grant?.access_token ?? null;
    this.#expires_ms = grant ? Date.now() + grant.expires_in * 1000 : 0;
    if (grant) {
      this.#renewIn(Math.max(5_000, grant.expires_in * 1000 * 0.8));
    }
    const now_ms = Date.now();
    const after = (seconds?: number) => (seconds === undefined ? null : new Moment(now_ms + seconds * 1000));
    this.#sessionEnd = after(grant?.session_ends_in);
    this.#sessionLimit = after(grant?.session_lasts);
    this.onGrant();
  }

  #renewIn(wait_ms: number, again_ms = RENEW_AGAIN_MS): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => {
      this.refresh().catch((error: unknown) => {
        if (!this.signedIn) return;
        this.#renewIn(Math.max(again_ms, toWait_ms(error)), Math.min(again_ms * 2, LONGEST_AGAIN_MS));
      });
    }, wait_ms);
  }

  /** Gets a new access token with the cookie; false when there is no session. Calls share one request. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#oneTabAtATime(() => this.#refreshNow()).finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Refresh tokens are used once: two tabs must not spend the same one at the same moment. */
  #oneTabAtATime(work: () => Promise<boolean>): Promise<boolean> {
    return navigator.locks ? navigator.locks.request("vtp-refresh", work) : work();
  }

  /**
   * An answer is waited for however long it takes: the server may have used the refresh token up, and takes who gives
   * up and comes with it again for a thief.
   */
  async #refreshNow(): Promise<boolean> {
    const used_ms = this.used?.at_ms ?? Date.now();
    const unused_s = Math.max(0, Math.floor((Date.now() - used_ms) / 1000));
    const response = await this.#reach(REFRESH_PATH, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json" },
      // Whether there is a cookie no script can see: that there is none is no error.
      body: JSON.stringify({ if_any: true, ...(unused_s > 0 && { unused_s }) }),
    });
    if (response.ok && response.status !== NOTHING) {
      const grant = (await response.json().catch(unreachable)) as TokenGrant;
      if (this.account === null || subjectOf(grant.access_token) === this.account) {
        this.setGrant(grant, used_ms);
        return true;
      }
      // Somebody else has signed in in another tab: what this page shows, and would do, is not theirs.
    } else if (response.status >= 500 || response.status === 429) throw await readProblem(response);
    const hadSession = this.signedIn;
    this.setGrant(null);
    if (hadSession) this.onSessionLost();
    return false;
  }

  async #reach(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(path, init);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      return unreachable();
    }
  }

  #withToken(init: RequestInit): RequestInit {
    const headers = new Headers(init.headers);
    if (this.#token) headers.set("Authorization", `Bearer ${this.#token}`);
    return { credentials: "same-origin", ...init, headers };
  }

  /**
   * Sends a request with the token, renewed when needed, and once more after a 401.
   * Gives the answer whatever its status; throws ApiError only when the server cannot be reached.
   */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    // A request that must outlive the page cannot wait for a renewal.
    const patient = init.keepalive !== true;
    if (patient && this.#token && Date.now() > this.#expires_ms - RENEW_BEFORE_MS) await this.refresh();
    const response = await this.#reach(path, this.#withToken(init));
    if (response.status !== 401 || !this.#token || !patient) return response;
    if (ABOUT_THE_PERSON.has((await readProblem(response.clone())).code)) return response;
    return (await this.refresh()) ? this.#reach(path, this.#withToken(init)) : response;
  }

  /** Sends and reads JSON. Throws ApiError for every answer that is not 2xx. */
  async json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    return (await this.exchange<T>(method, path, { json: body, ...(signal && { signal }) })).body;
  }

  /** As `json`, with header fields of the request and of the answer. */
  async exchange<T>(
    method: string,
    path: string,
    {
      json,
      headers,
      signal,
    }: { json?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<{ body: T; headers: Headers }> {
    const response = await this.#accepted(path, {
      method,
      headers: {
        Accept: "application/json",
        ...(json !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...(signal && { signal }),
    });
    return { body: await readJson<T>(response), headers: response.headers };
  }

  /** Sends a file as it is. */
  async upload<T>(method: string, path: string, file: Blob, type = file.type): Promise<T> {
    const headers = { Accept: "application/json", "Content-Type": type };
    return readJson<T>(await this.#accepted(path, { method, headers, body: file }));
  }

  /** Reads a file, with the name that the server gives it; by POST where something is to be sent for it. */
  async download(path: string, json?: unknown): Promise<{ blob: Blob; name: string | null }> {
    const init = {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(json),
    };
    const response = await this.#accepted(path, json === undefined ? {} : init);
    return {
      blob: await response.blob(),
      name: fileName(response.headers.get("Content-Disposition")),
    };
  }

  /** Whether a file can be had, before the browser fetches it by itself. Throws ApiError with the reason. */
  async probe(path: string): Promise<void> {
    if ((await this.send(path, { method: "HEAD" })).ok) return;
    // Answers to HEAD have no words.
    const response = await this.#accepted(path, { headers: { Accept: "application/json" } });
    await response.body?.cancel();
  }

  async #accepted(path: string, init: RequestInit): Promise<Response> {
    const response = await this.send(path, init);
    if (response.ok) return response;
    const problem = await readProblem(response);
    if (problem.code === "account_not_verified") this.onUnapproved();
    if (problem.code === "second_factor_required") this.onFactorMissing();
    throw problem;
  }
}

function unreachable(): never {
  throw new ApiError(UNREACHABLE, 0, "unreachable");
}

async function readJson<T>(response: Response): Promise<T> {
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Whom a token names (RFC 7519); the server alone finds out whether that is true. */
function subjectOf(token: string | null): string | null {
  try {
    const payload = token?.split(".")[1] ?? "";
    const { sub } = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/"))) as { sub?: unknown };
    return typeof sub === "string" ? sub : null;
  } catch {
    return null;
  }
}

/** The name in a Content-Disposition header (RFC 6266), in its plain form. */
export function fileName(disposition: string | null): string | null {
  return /filename="?([^";]+)"?/i.exec(disposition ?? "")?.[1] ?? null;
}

/** A path with its query; undefined and empty values are left out. */
export function withQuery(path: string, query: Record<string, string | number | undefined>): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parts.set(name, String(value));
  }
  const text = parts.toString();
  return text ? `${path}?${text}` : path;
}
