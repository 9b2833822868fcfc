/** Errors of the API as sentences (RFC 9457 problem details). */

/** A request that did not succeed. `message` is a sentence for the person. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    /** HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    readonly code = "",
    /** What is wrong with each field of the body, by the field's name. */
    readonly fields: Readonly<Record<string, string>> = {},
    readonly retryAfter_s: number | null = null,
    /** Where in the body something is wrong (JSON pointers, RFC 6901). */
    readonly pointers: readonly string[] = [],
  ) {
    super(message);
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

interface Problem {
  title?: string;
  detail?: string;
  code?: string;
  errors?: { pointer?: string; detail?: string }[];
}

const BY_STATUS: Readonly<Record<number, string>> = {
  401: "Please sign in first.",
  403: "Your account may not do this.",
  404: "This does not exist, or no longer.",
  409: "This does not fit what is going on right now. Reload the page and try again.",
  413: "This is too large.",
  429: "Too many requests. Wait a moment and try again.",
  502: "The server is not answering. Try again in a moment.",
  503: "The server is busy. Try again in a moment.",
  504: "The server is not answering. Try again in a moment.",
};

const MOST_REASONS = 3;
export const UNREACHABLE = "The server cannot be reached. Check your connection and try again.";

/** Last part of a JSON pointer: "/full_name" and "#/body/full_name" both name "full_name". */
function fieldName(pointer: string): string {
  return pointer.split("/").at(-1) ?? pointer;
}

function asSentence(text: string): string {
  const trimmed = text.trim();
  const first = trimmed.charAt(0).toLocaleUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** Seconds of a Retry-After header, which may also be a date (RFC 9110 section 10.2.3). */
export function retryAfterSeconds(header: string | null, now_ms: number): number | null {
  if (!header) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date_ms = Date.parse(header);
  return Number.isNaN(date_ms) ? null : Math.max(0, Math.ceil((date_ms - now_ms) / 1000));
}

/** Reads a refusal. Never throws: an answer that is no problem document gets a sentence by its status. */
export async function readProblem(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  const problem = parseProblem(text, response.headers.get("Content-Type") ?? "");
  const fields: Record<string, string> = {};
  for (const error of problem.errors ?? []) {
    if (error.pointer && error.detail) fields[fieldName(error.pointer)] = asSentence(error.detail);
  }
  const fallback = BY_STATUS[response.status] ?? `The server could not do this (${response.status}).`;
  const message = reasons(problem) || problem.detail || problem.title;
  return new ApiError(
    message ? asSentence(message) : fallback,
    response.status,
    problem.code ?? "",
    fields,
    retryAfterSeconds(response.headers.get("Retry-After"), Date.now()),
    (problem.errors ?? []).flatMap(({ pointer }) => pointer ?? []),
  );
}

/** What the fields' errors say, for whoever shows no fields: the detail says no more than to look at them. */
function reasons(problem: Problem): string {
  if (!problem.detail?.includes("`errors`")) return "";
  const told = (problem.errors ?? []).map(({ pointer = "", detail = "" }) => {
    const name = fieldName(pointer).replaceAll("_", " ");
    return asSentence(/^\d*$/.test(name) ? detail : `${name}: ${detail}`);
  });
  return told.slice(0, MOST_REASONS).join(" ");
}

function parseProblem(text: string, contentType: string): Problem {
  if (contentType.includes("json")) {
    try {
      const body: unknown = JSON.parse(text);
      return typeof body === "object" && body !== null ? (body as Problem) : {};
    } catch {
      return {};
    }
  }
  const isPlain = contentType.startsWith("text/plain") && text.length > 0 && text.length < 300;
  return isPlain ? { detail: text } : {};
}

/** The longest that is waited before a renewal is made again: a proxy may ask for an hour, and be back at once. */
const LONGEST_WAIT_S = 60;

/** How long a server that refused has asked to wait before a renewal, in milliseconds; 0 where it has not. */
export function toWait_ms(error: unknown): number {
  return error instanceof ApiError ? Math.min(error.retryAfter_s ?? 0, LONGEST_WAIT_S) * 1000 : 0;
}

/** Any thrown value as a sentence for the person. */
export function sentence(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return error instanceof Error && error.message ? asSentence(error.message) : "Something went wrong.";
}
