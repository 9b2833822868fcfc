/** Where somebody is signed in, to be ended by an administrator. */
import { useCallback } from "react";
import type { Person } from "../../api/people";
import { Button } from "../../design/Button";
import { Notice } from "../../design/Notice";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { DeviceList } from "../profile/DeviceList";
import { Section } from "./PersonPage";

export function PersonDevices({ person }: { person: Person }) {
  const { people } = useApi();
  const task = useTask();
  const id = person.user_id;
  const load = useCallback(() => people.sessions(id), [people, id]);
  const { data, error, reload } = useLoaded(load);
  const end = (work: () => Promise<unknown>, done: string) =>
    void task.run(async () => {
      await work();
      await reload();
    }, done);
  return (
    <Section title="Signed in on">
      {error && <Notice tone="wrong">{error}</Notice>}
      {data?.length === 0 && <p className="soft">Nowhere.</p>}
      {data && data.length > 0 && (
        <DeviceList
          sessions={data}
          busy={task.busy}
          onEnd={({ session_id }) =>
            end(() => people.endSession(id, session_id), "That device is signed out.")
          }
        />
      )}
      {data && data.length > 1 && (
        <p>
          <Button
            busy={task.busy}
            onClick={() => end(() => people.endSessions(id), `${person.full_name} is signed out everywhere.`)}
            data-testid="end-all"
          >
            Sign out everywhere
          </Button>
        </p>
      )}
    </Section>
  );
}
