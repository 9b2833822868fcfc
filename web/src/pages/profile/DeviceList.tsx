/** Devices where somebody is signed in, each with a button to end it. */
import type { Session } from "../../api/accounts";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { momentWithin } from "../../format";
import { deviceName } from "./device_name";

export function DeviceList({
  sessions,
  busy,
  onEnd,
}: {
  sessions: readonly Session[];
  busy: boolean;
  onEnd: (session: Session) => void;
}) {
  return (
    <ul className="devices">
      {sessions.map((session) => {
        const name = deviceName(session.user_agent ?? "");
        return (
          <li key={session.session_id} className="device">
            <div>
              <strong title={session.user_agent ?? undefined}>{name}</strong>
              <p className="soft device-facts">
                Last used {momentWithin(session.last_seen_at)}
                {session.ip && `, from ${session.ip}`}
              </p>
              <p className="soft device-facts">Signed in {momentWithin(session.created_at)}</p>
            </div>
            {session.current ? (
              <Badge tone="accent">This device</Badge>
            ) : (
              <Button
                size="small"
                busy={busy}
                aria-label={`Sign out ${name}, last used ${momentWithin(session.last_seen_at)}`}
                onClick={() => onEnd(session)}
              >
                Sign out
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
