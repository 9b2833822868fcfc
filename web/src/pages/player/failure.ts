/** Why a recording does not play, as a sentence, and when it is tried again by itself. */
import { type ApiError, readProblem, sentence, UNREACHABLE } from "../../api/problem";

export interface Failure {
  message: string;
  /** In how long it may go, in seconds; null: it is tried again only when somebody asks for it. */
  retry_s: number | null;
}

const UNREACHABLE_S = 10;
const NOT_LOADED = "The recording could not be loaded.";
const BY_STATUS: Readonly<Record<number, string>> = {
  401: "You may not watch this recording any more.",
  403: "You may not watch this recording any more.",
  404: "The recording's files are not there any more.",
  410: "The recording's files are not there any more.",
};

export const failed = (message: string): Failure => ({ message, retry_s: null });

/** Of a request that a player has made; null where it has none to show. */
export async function failureOf(request: XMLHttpRequest | null): Promise<Failure> {
  if (!request || request.status === 0) return { message: UNREACHABLE, retry_s: UNREACHABLE_S };
  if (request.status < 400) return failed(NOT_LOADED);
  const told = BY_STATUS[request.status];
  return told ? failed(told) : said(await readProblem(asResponse(request)));
}

/** Of an address that a player of the browser's own could not load: it does not say why. */
export async function failureAt(url: string): Promise<Failure> {
  try {
    const response = await fetch(url, { credentials: "same-origin" });
    if (response.ok) return failed(NOT_LOADED);
    const told = BY_STATUS[response.status];
    return told ? failed(told) : said(await readProblem(response));
  } catch {
    return { message: UNREACHABLE, retry_s: UNREACHABLE_S };
  }
}

function said(problem: ApiError): Failure {
  const away = problem.status === 502 || problem.status === 504; // says a proxy
  return { message: sentence(problem), retry_s: problem.retryAfter_s ?? (away ? UNREACHABLE_S : null) };
}

function asResponse(request: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const name of ["Content-Type", "Retry-After"]) {
    const value = request.getResponseHeader(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(request.response as string | ArrayBuffer | null, { status: request.status, headers });
}
