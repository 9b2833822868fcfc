/** Where this account is signed in. */
import { useCallback } from "react";
import { sentence } from "../../api/problem";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Card } from "../../design/Card";
import { Notice } from "../../design/Notice";
import { useToast } from "../../design/Toast";
import { momentWithin } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { deviceName } from "./device_name";

export function Devices() {
  const { accounts } = useApi();
  const toast = useToast();
  const load = useCallback(() => accounts.sessions(), [accounts]);
  const { data, error, reload } = useLoaded(load);
  const end = async (id: string) => {
    try {
      await accounts.endSession(id);
      await reload();
    } catch (problem) {
      toast(sentence(problem), { tone: "wrong" });
    }
  };
  return (
    <Card>
      <div className="form">
        <h2>Signed in on</h2>
        {error && <Notice tone="wrong">{error}</Notice>}
        <ul className="devices">
          {data?.map((session) => (
            <li key={session.session_id} className="device">
              <div>
                <strong>{deviceName(session.user_agent ?? "")}</strong>
                <p className="soft device-facts">Last used {momentWithin(session.last_seen_at)}</p>
              </div>
              {session.current ? (
                <Badge tone="accent">This one</Badge>
              ) : (
                <Button size="small" onClick={() => void end(session.session_id)}>
                  Sign out
                </Button>
              )}
            </li>
          ))}
        </ul>
      </div>
    </Card>
  );
}
