/** What a page has said and the server has not answered, in this browser: it outlives the page. */
import { remember, remembered, rememberedKeys } from "../storage";
import type { NumberedEvent } from "./events";

export interface KeptSession {
  session_id: string;
  /** When something was said last, by this clock. */
  at_ms: number;
  events: NumberedEvent[];
}

const PREFIX = "vtp.events.";
/** So old, nobody waits for it any more, and the server may have forgotten when the page began. */
const FORGET_MS = 30 * 86_400_000;
/** So many pages are kept of; the oldest give way. */
const MAX_SESSIONS = 20;
/** Of all pages together: browsers give a server's pages five million, for everything. */
export const MAX_KEPT_CHARS = 1_000_000;

const keyOf = (account: string, session: string): string => `${PREFIX}${account}.${session}`;

export function keep(account: string, { session_id, events, at_ms }: KeptSession): void {
  const key = keyOf(account, session_id);
  let rest = events;
  let text = "";
  do {
    text = rest.length > 0 ? JSON.stringify({ session_id, events: rest, at_ms }) : "";
    rest = rest.slice(Math.ceil(rest.length / 2));
  } while (text.length > MAX_KEPT_CHARS);
  remember(key, text || null);
  if (text) makeRoom(key);
}

/** Of more than there is room for, what was said longest ago gives way, never `own`. */
function makeRoom(own: string): void {
  const found = rememberedKeys(PREFIX).map((key) => ({ key, text: remembered(key) ?? "" }));
  let over = found.reduce((sum, { text }) => sum + text.length, -MAX_KEPT_CHARS);
  if (over <= 0) return;
  const at = (text: string) => parse(text)?.at_ms ?? 0;
  for (const { key, text } of found.sort((one, other) => at(one.text) - at(other.text))) {
    if (over <= 0) return;
    if (key === own) continue;
    remember(key, null);
    over -= text.length;
  }
}

export function kept(account: string, session_id: string): KeptSession | null {
  return parse(remembered(keyOf(account, session_id)));
}

/** What pages of this account have left, the oldest first. What nobody will send any more is thrown away. */
export function left(account: string, now_ms: number): KeptSession[] {
  const found = rememberedKeys(`${PREFIX}${account}.`)
    .map((key) => ({ key, session: parse(remembered(key)) }))
    .sort((one, other) => (one.session?.at_ms ?? 0) - (other.session?.at_ms ?? 0));
  const over = found.length - MAX_SESSIONS;
  return found.flatMap(({ key, session }, place) => {
    if (session && place >= over && now_ms - session.at_ms < FORGET_MS) return [session];
    remember(key, null);
    return [];
  });
}

function parse(text: string | null): KeptSession | null {
  if (!text) return null;
  try {
    const found = JSON.parse(text) as Partial<KeptSession>;
    const whole =
      typeof found.session_id === "string" && typeof found.at_ms === "number" && Array.isArray(found.events);
    return whole ? (found as KeptSession) : null;
  } catch {
    return null;
  }
}
