/** Pages say what happens in them: what was left by earlier ones is sent, and courses that are looked at. */
import { useEffect, useRef } from "react";
import { randomKey } from "../session/guest";
import { useAccount, useApi } from "../session/Session";
import { EventSession } from "./event_session";
import { batchSender } from "./events";
import { beforeSigningOut } from "./leaving";
import { hold, sayLeft, sendLeft } from "./send_left";

const LOOK_EVERY_MS = 60_000;

/** Once for each account that comes in, whenever the network comes back, and now and then. */
export function useLeftEvents(): void {
  const account = useAccount();
  const { http } = useApi();
  useEffect(() => {
    if (!account) return;
    const send = () => void sendLeft(account, batchSender(http)).catch(() => undefined);
    send();
    window.addEventListener("online", send);
    // Pages that have gone leave what they could not send.
    const timer = setInterval(send, LOOK_EVERY_MS);
    const stay = beforeSigningOut(() => sayLeft(account, batchSender(http)));
    return () => {
      stay();
      clearInterval(timer);
      window.removeEventListener("online", send);
    };
  }, [account, http]);
}

/** That a page of a course was looked at. `page` names it. */
export function useViewed(course_id: string | undefined, page: string): void {
  const account = useAccount();
  const { http } = useApi();
  const session = useRef<EventSession | null>(null);
  useEffect(() => {
    if (!account) return;
    const id = randomKey();
    const viewed = new EventSession(id, account, batchSender(http));
    session.current = viewed;
    const release = hold(id);
    const stay = beforeSigningOut(() => viewed.end());
    return () => {
      session.current = null;
      stay();
      viewed.close();
      release();
    };
  }, [account, http]);
  useEffect(() => {
    if (!course_id || !account) return;
    session.current?.say({
      event_type: "viewed",
      timestamp: new Date().toISOString(),
      course_id,
      metadata: { page },
    });
    void session.current?.flush();
  }, [account, course_id, page]);
}
