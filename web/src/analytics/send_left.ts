/** Sends what earlier pages could not: those that were closed without a network, or with the browser. */
import { EventSession } from "./event_session";
import type { SendBatch } from "./events";
import { left } from "./kept";
import { beforeSigningOut } from "./leaving";

/** Where pages cannot say that they are there, one that has said nothing for so long is taken for gone. */
const GONE_MS = 120_000;

const lockOf = (session_id: string): string => `vtp-events-${session_id}`;

/** Says that this page sends its session itself, until it is closed or `release` is called. */
export function hold(session_id: string): () => void {
  if (!navigator.locks) return () => undefined;
  let release: () => void = () => undefined;
  const held = new Promise<void>((done) => {
    release = done;
  });
  void navigator.locks.request(lockOf(session_id), () => held).catch(() => undefined);
  return () => release();
}

/** Before somebody signs out: what pages that have gone left, each once; pages that are there say theirs themselves. */
export async function sayLeft(account: string, send: SendBatch): Promise<void> {
  await Promise.allSettled(
    left(account, Date.now()).map(async ({ session_id }) => {
      const attempt = () => new EventSession(session_id, account, send).end();
      // What comes twice counts once.
      if (!navigator.locks) return attempt();
      await navigator.locks.request(lockOf(session_id), { ifAvailable: true }, (lock) =>
        lock ? attempt() : undefined,
      );
    }),
  );
}

/** One after the other; those that fail again are left for the next time. */
export async function sendLeft(account: string, send: SendBatch): Promise<void> {
  for (const { session_id, at_ms } of left(account, Date.now())) {
    const attempt = async () => {
      const session = new EventSession(session_id, account, send);
      const stay = beforeSigningOut(() => session.end());
      await session.flush();
      stay();
      session.close();
    };
    if (!navigator.locks) {
      if (Date.now() - at_ms > GONE_MS) await attempt();
    } else {
      await navigator.locks.request(lockOf(session_id), { ifAvailable: true }, (lock) =>
        lock ? attempt() : undefined,
      );
    }
  }
}
