/** One poll: voting while it is open, bars where the results may be seen. */
import { type FormEvent, useState } from "react";
import { type Poll, withVote } from "../../class/parts/polls";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Icon } from "../../design/Icon";
import { plural } from "../../format";
import { useAct, useClass, useClassState } from "./useClass";

export function PollCard({ poll }: { poll: Poll }) {
  const { may } = useClassState();
  const [changing, setChanging] = useState(false);
  // Who asks looks at the bars.
  const voting = !may.moderate && poll.open && (!poll.voted || changing);
  return (
    <article className="poll" data-testid="poll" data-open={poll.open}>
      <header className="poll-head">
        <h3>{poll.question}</h3>
        {poll.open ? <Badge tone="accent">Open</Badge> : <Badge>Ended</Badge>}
      </header>
      {voting && <Ballot poll={poll} onDone={() => setChanging(false)} />}
      {!voting && !poll.counts && <Hidden poll={poll} />}
      {!voting && poll.counts && <Results poll={poll} />}
      <footer className="poll-foot">
        <span>{facts(poll)}</span>
        {!may.moderate && poll.open && poll.voted && !changing && (
          <Button size="small" tone="quiet" onClick={() => setChanging(true)}>
            Change my vote
          </Button>
        )}
      </footer>
      {may.moderate && <StaffActions poll={poll} />}
    </article>
  );
}

function facts(poll: Poll): string {
  return [
    poll.votes !== null && plural(poll.votes, "vote", "votes"),
    poll.anonymous && "anonymous",
    poll.multiple && "several answers",
  ]
    .filter(Boolean)
    .join(" · ");
}

function Ballot({ poll, onDone }: { poll: Poll; onDone: () => void }) {
  const { session } = useClass();
  const act = useAct();
  const [chosen, setChosen] = useState<readonly number[]>(poll.mine ?? []);
  const [busy, setBusy] = useState(false);
  const choose = (index: number, on: boolean) => {
    if (!poll.multiple) setChosen([index]);
    else
      setChosen((now) => (on ? [...now, index].sort((a, b) => a - b) : now.filter((one) => one !== index)));
  };
  const vote = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const answer = await act("vote", { pollId: poll.id, choices: [...chosen] });
    setBusy(false);
    if (!answer) return;
    session.state.update((state) => state && withVote(state, poll.id, chosen));
    onDone();
  };
  return (
    <form className="ballot" onSubmit={(event) => void vote(event)}>
      {poll.options.map((option, index) => (
        <label key={option} className="ballot-option">
          <input
            type={poll.multiple ? "checkbox" : "radio"}
            name={`poll-${poll.id}`}
            checked={chosen.includes(index)}
            onChange={(event) => choose(index, event.target.checked)}
            data-testid={`vote-${index}`}
          />
          <span>{option}</span>
        </label>
      ))}
      <Button
        type="submit"
        tone="primary"
        size="small"
        disabled={chosen.length === 0}
        busy={busy}
        data-testid="vote"
      >
        Vote
      </Button>
    </form>
  );
}

/** What one has voted, while the results are not to be seen, and when they are. */
function Hidden({ poll }: { poll: Poll }) {
  return (
    <>
      <ul className="poll-bars">
        {poll.options.map((option, index) => (
          <li key={option} className="poll-plain">
            {poll.mine?.includes(index) ? (
              <Icon name="check" size={16} />
            ) : (
              <span className="poll-no-check" />
            )}
            <span>{option}</span>
          </li>
        ))}
      </ul>
      <p className="field-hint">{whenShown(poll)}</p>
    </>
  );
}

/** When the results can be seen that are hidden now. */
export function whenShown({ open, results }: Pick<Poll, "open" | "results">): string {
  if (results === "hidden") return "The results are seen when the teacher shares them.";
  return open ? "The results are seen when the poll has ended." : "The results are not here yet.";
}

function Results({ poll }: { poll: Poll }) {
  const counts = poll.counts ?? [];
  const votes = poll.votes ?? 0;
  return (
    <ul className="poll-bars" data-testid="poll-results">
      {poll.options.map((option, index) => {
        const count = counts[index] ?? 0;
        const share = votes > 0 ? count / votes : 0;
        return (
          <li key={option} className="poll-bar">
            <span className="poll-bar-words">
              <span>
                {option}
                {poll.mine?.includes(index) && (
                  <>
                    {" "}
                    <Icon name="check" size={14} />
                    <span className="visually-hidden">, your vote</span>
                  </>
                )}
              </span>
              <span className="numbers">
                {Math.round(share * 100)} % <span className="poll-count">({count})</span>
              </span>
            </span>
            <span className="poll-track" aria-hidden="true">
              <span className="poll-fill" style={{ width: `${share * 100}%` }} />
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function StaffActions({ poll }: { poll: Poll }) {
  const act = useAct();
  const seenByAll = poll.shared || poll.results === "live" || (poll.results === "after" && !poll.open);
  if (!poll.open && seenByAll) return <p className="field-hint">The class sees the results.</p>;
  return (
    <div className="side-row">
      {poll.open && (
        <Button
          size="small"
          onClick={() => void act("close-poll", { pollId: poll.id })}
          data-testid="close-poll"
        >
          End the poll
        </Button>
      )}
      {!poll.open && !seenByAll && (
        <Button
          size="small"
          icon="eye"
          onClick={() => void act("share-poll", { pollId: poll.id })}
          data-testid="share-poll"
        >
          Share results
        </Button>
      )}
    </div>
  );
}
