/** Why there is no live stream to be followed now, and when it is asked for again. */
import { ApiError } from "../api/problem";
import { CallError } from "../class/call_error";

export interface StreamRefusal {
  /** A sentence for the person; empty where there is nothing to say but to wait. */
  message: string;
  /** It is asked for again in so long, at the earliest. */
  least_ms: number;
}

/** Rights come back seldom, and each question is one that is refused. */
export const BY_RIGHT_MS = 30_000;
/** What the server says to come within so long has only just begun. */
const SOON_S = 1;
/** So much later at most, for not all who were told the same are to come at once. */
const SPREAD = 0.25;
const GONE = new Set([404, 410]);

/** Of what was thrown when the stream was asked for. */
export function refusalOf(error: unknown): StreamRefusal {
  if (error instanceof ApiError) return said(error.message, error.status, error.retryAfter_s);
  if (error instanceof CallError && error.problem)
    return said(error.message, error.problem.status_code, error.problem.retry_after ?? null);
  return { message: "", least_ms: 0 };
}

function said(message: string, status: number, retry_s: number | null): StreamRefusal {
  const usual_ms = status === 401 || status === 403 ? BY_RIGHT_MS : 0;
  const least_ms = (retry_s === null ? usual_ms : retry_s * 1000) * (1 + SPREAD * Math.random());
  const isQuiet = GONE.has(status) || (retry_s !== null && retry_s <= SOON_S);
  return { message: isQuiet ? "" : message, least_ms };
}
