/** Breakout rooms: opening them, who is in which, time, a word to all, and the way back. */
import { groupOf } from "../../class/parts/breakouts";
import { Icon } from "../../design/Icon";
import { BreakoutsForm } from "./BreakoutsForm";
import { BreakoutsList } from "./BreakoutsList";
import "./BreakoutsPanel.css";
import { BreakoutsStaff } from "./BreakoutsStaff";
import { TimeLeft } from "./TimeLeft";
import { useClassState } from "./useClass";

export function BreakoutsPanel() {
  const { breakouts, may, me } = useClassState();
  if (!breakouts)
    return (
      <div className="side-body side-stack">
        {may.moderate ? (
          <BreakoutsForm />
        ) : (
          <p className="side-empty">
            <Icon name="groups" size={26} />
            <br />
            No breakout rooms are open.
          </p>
        )}
      </div>
    );
  const mine = groupOf(breakouts, me);
  return (
    <div className="side-body side-stack">
      <p className="breakouts-where">
        <span>
          You are in <strong>{mine?.name ?? "the main room"}</strong>.
        </span>
        {breakouts.endsAt && <TimeLeft endsAt={breakouts.endsAt} />}
      </p>
      {may.moderate && <BreakoutsStaff />}
      <BreakoutsList breakouts={breakouts} />
    </div>
  );
}
