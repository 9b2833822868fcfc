/** Calls to the server, as the parts of the class make them; the messages themselves are in protocol.ts. */
import type { Call, Payload, Push, Pushes, Reply } from "./protocol";

/** A payload may be left out where nothing in it must be said. */
export type Given<E extends Call> =
  Record<never, never> extends Payload<E> ? [payload?: Payload<E>] : [payload: Payload<E>];

/** Makes a call and gives its answer. Throws CallError with the server's sentence. */
export type CallServer = <E extends Call>(event: E, ...payload: Given<E>) => Promise<Reply<E>>;

/** What is done with pushes, by their events. */
export type Handlers<S> = { readonly [E in Push]?: (state: S, data: Pushes[E]) => S };

export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";
