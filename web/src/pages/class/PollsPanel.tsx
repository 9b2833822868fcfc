/** The polls of the class, the newest on top; staff ask new ones here. */
import { useState } from "react";
import { Button } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { PollCard } from "./PollCard";
import { PollForm } from "./PollForm";
import "./PollsPanel.css";
import { useClassState } from "./useClass";

export function PollsPanel() {
  const { polls, may } = useClassState();
  const [asking, setAsking] = useState(false);
  const newest = [...(polls ?? [])].reverse();
  return (
    <div className="side-body side-stack">
      {may.moderate && !asking && (
        <Button icon="plus" tone="primary" onClick={() => setAsking(true)} data-testid="new-poll">
          New poll
        </Button>
      )}
      {asking && <PollForm onDone={() => setAsking(false)} />}
      {newest.length === 0 && !asking && (
        <p className="side-empty">
          <Icon name="poll" size={26} />
          <br />
          There is no poll yet.
        </p>
      )}
      {newest.map((poll) => (
        <PollCard key={poll.id} poll={poll} />
      ))}
    </div>
  );
}
