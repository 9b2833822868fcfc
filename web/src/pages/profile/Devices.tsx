/** Where this account is signed in. */
import { useCallback, useState } from "react";
import type { User } from "../../api/accounts";
import { Button } from "../../design/Button";
import { Card } from "../../design/Card";
import { Dialog } from "../../design/Dialog";
import { Notice } from "../../design/Notice";
import { useToast } from "../../design/Toast";
import { plural } from "../../format";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { DeviceList } from "./DeviceList";
import { ProofForm, wantsProof } from "./ProofForm";

/** Signs devices out, with the password where it is asked for. */
type Ending = (password?: string) => Promise<void>;

export function Devices({ user }: { user: User }) {
  const { accounts } = useApi();
  const toast = useToast();
  const task = useTask();
  const load = useCallback(() => accounts.sessions(), [accounts]);
  const { data, error, reload } = useLoaded(load);
  const [asked, setAsked] = useState<{ ending: Ending } | null>(null);
  const start = (ending: Ending) =>
    void task.run(async () => {
      try {
        await ending();
      } catch (problem) {
        if (!wantsProof(problem)) throw problem;
        setAsked({ ending });
      }
    });
  const endOne = (id: string) =>
    start(async (password) => {
      await accounts.endSession(id, password);
      toast("That device is signed out.");
      await reload();
    });
  const endOthers = () =>
    start(async (password) => {
      const { ended_sessions } = await accounts.endOtherSessions(password);
      toast(`${plural(ended_sessions, "device was", "devices were")} signed out.`);
      await reload();
    });
  const prove = async (password: string | undefined) => {
    await asked?.ending(password);
    setAsked(null);
  };
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
      <Dialog title="Sign out elsewhere" open={asked !== null} onClose={() => setAsked(null)}>
        <ProofForm user={user} yes="Sign out" send={prove} onCancel={() => setAsked(null)} />
      </Dialog>
    </Card>
  );
}
