/** Reactions as they come: the newest below, with the name of who sent it; each goes after some seconds. */
import { withoutReaction } from "../../class/parts/reactions";
import { ReactionIcon, reactionName } from "./ReactionIcon";
import "./Reactions.css";
import { useClass, useClassState } from "./useClass";

export function Reactions() {
  const { session } = useClass();
  const { reactions, people } = useClassState();
  const drop = (id: number) => session.state.update((state) => state && withoutReaction(state, id));
  return (
    <div className="reactions" data-testid="reactions">
      {reactions.map(({ id, peerId, reaction }) => (
        <span key={id} className="reaction" onAnimationEnd={() => drop(id)} data-testid="reaction">
          <ReactionIcon emoji={reaction} size={26} />
          <span className="visually-hidden">{reactionName(reaction)}</span>
          <span className="reaction-name">{people.find((one) => one.id === peerId)?.name ?? ""}</span>
        </span>
      ))}
    </div>
  );
}
