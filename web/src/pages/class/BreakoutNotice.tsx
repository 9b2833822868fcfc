/** What staff say to all breakout rooms, until it is put away; and the way into a room where one chooses. */
import { useState } from "react";
import { groupOf } from "../../class/parts/breakouts";
import { Button, IconButton } from "../../design/Button";
import { Icon } from "../../design/Icon";
import "./BreakoutNotice.css";
import { useClassState } from "./useClass";
import { useClassView } from "./useClassView";

export function BreakoutNotice() {
  const { broadcast, breakouts, me } = useClassState();
  const { panel, togglePanel } = useClassView();
  const [seen, setSeen] = useState(0);
  const isNew = broadcast !== null && broadcast.id !== seen;
  const mayChoose = breakouts?.choose && !groupOf(breakouts, me) && panel !== "breakouts";
  return (
    <div className="class-notices">
      {isNew && (
        <div className="class-notice" role="alert" data-testid="broadcast">
          <Icon name="sound" />
          <div className="class-notice-words">
            <strong>
              <bdi>{broadcast.from}</bdi>
            </strong>
            <p>{broadcast.text}</p>
          </div>
          <IconButton icon="close" label="Dismiss" size="small" onClick={() => setSeen(broadcast.id)} />
        </div>
      )}
      {mayChoose && (
        <div className="class-notice" role="status">
          <Icon name="groups" />
          <p>Breakout rooms are open: choose one.</p>
          <Button size="small" tone="primary" onClick={() => togglePanel("breakouts")}>
            Choose
          </Button>
        </div>
      )}
    </div>
  );
}
