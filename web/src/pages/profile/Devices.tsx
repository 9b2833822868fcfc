/** Where this account is signed in. */
import { useCallback } from "react";
import { Button } from "../../design/Button";
import { Card } from "../../design/Card";
import { Notice } from "../../design/Notice";
import { useToast } from "../../design/Toast";
import { plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { DeviceList } from "./DeviceList";

export function Devices() {
  const { accounts } = useApi();
  const toast = useToast();
  const task = useTask();
  const load = useCallback(() => accounts.sessions(), [accounts]);
  const { data, error, reload } = useLoaded(load);
  const endOne = (id: string) =>
    void task.run(async () => {
      await accounts.endSession(id);
      await reload();
    }, "That device is signed out.");
  const endOthers = () =>
    void task.run(async () => {
      const { ended_sessions } = await accounts.endOtherSessions();
      toast(`${plural(ended_sessions, "device was", "devices were")} signed out.`);
      await reload();
    });
  // This one first: the others are what one comes for, and must be told from it.
  const sessions = data?.toSorted((one, other) => Number(other.current) - Number(one.current));
  return (
    <Card>
      <div className="form" data-testid="devices">
        <h2>Signed in on</h2>
        {error && <Notice tone="wrong">{error}</Notice>}
        {sessions && (
          <DeviceList sessions={sessions} busy={task.busy} onEnd={(session) => endOne(session.session_id)} />
        )}
        {sessions && sessions.length > 1 && (
          <p>
            <Button busy={task.busy} onClick={endOthers} data-testid="end-others">
              Sign out everywhere else
            </Button>
          </p>
        )}
      </div>
    </Card>
  );
}
