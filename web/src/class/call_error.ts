/** A call that was refused, or that got no answer. */
import type { ErrorCode, Problem } from "./protocol";

/** What the server cannot say itself: the connection is lost now, or no answer came in time. */
export type NoAnswer = "lost" | "timeout";

export class CallError extends Error {
  override readonly name = "CallError";

  constructor(
    /** A sentence for the person. */
    message: string,
    readonly code: ErrorCode | NoAnswer,
    /** What exactly was wrong, with the fields at fault; null when no answer came. */
    readonly problem: Problem | null = null,
  ) {
    super(message);
  }
}
