/** Who waits to be let in, and the two answers. */
import type { WaitingPerson } from "../../class/protocol";
import { Button } from "../../design/Button";
import { useAct } from "./useClass";

export function LobbyList({ waiting }: { waiting: readonly WaitingPerson[] }) {
  const act = useAct();
  return (
    <section className="lobby" aria-label="Lobby" data-testid="lobby">
      <div className="lobby-head">
        <h3>
          In the lobby <span className="numbers">({waiting.length})</span>
        </h3>
        {waiting.length > 1 && (
          <Button
            size="small"
            tone="primary"
            onClick={() => void act("admit", { all: true })}
            data-testid="admit-all"
          >
            Let all in
          </Button>
        )}
      </div>
      <ul>
        {waiting.map(({ participantId, full_name, role }) => (
          <li key={participantId} className="lobby-person" data-name={full_name}>
            <span className="person-words">
              <bdi className="person-name">{full_name}</bdi>
              {role === "guest" && <span className="person-role">Guest</span>}
            </span>
            <Button
              size="small"
              tone="quiet"
              onClick={() => void act("deny", { participantId })}
              data-testid="deny"
            >
              Not now
            </Button>
            <Button
              size="small"
              tone={waiting.length > 1 ? "plain" : "primary"}
              onClick={() => void act("admit", { participantId })}
              data-testid="admit"
            >
              Let in
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
