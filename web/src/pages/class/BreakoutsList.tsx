/** The rooms with who is in them; who may goes into one, staff move others. */
import { type Breakouts, groupOf } from "../../class/parts/breakouts";
import type { Person } from "../../class/parts/people";
import { Button } from "../../design/Button";
import { useAct, useClassState } from "./useClass";

export function BreakoutsList({ breakouts }: { breakouts: Breakouts }) {
  const { people, may, me } = useClassState();
  const act = useAct();
  const mine = groupOf(breakouts, me)?.groupId ?? null;
  const mayGo = breakouts.choose || may.moderate;
  const inMain = people.filter((one) => !groupOf(breakouts, one.id));
  const rooms = [
    { groupId: null, name: "Main room", there: inMain },
    ...breakouts.groups.map(({ groupId, name, participantIds }) => ({
      groupId,
      name,
      there: people.filter((one) => participantIds.includes(one.id)),
    })),
  ];
  return (
    <ul className="breakouts">
      {rooms.map(({ groupId, name, there }) => (
        <li
          key={groupId ?? ""}
          className={groupId === mine ? "breakout breakout-mine" : "breakout"}
          data-name={name}
        >
          <div className="breakout-head">
            <h3>
              {name} <span className="numbers soft">({there.length})</span>
            </h3>
            {mayGo && groupId !== mine && (
              <Button
                size="small"
                onClick={() => void act("join-breakout", groupId === null ? {} : { groupId })}
                data-testid={`join-${name}`}
              >
                {groupId === null ? "Go back" : "Join"}
              </Button>
            )}
          </div>
          {there.length > 0 && (
            <ul>
              {there.map((person) => (
                <Member key={person.id} person={person} groupId={groupId} breakouts={breakouts} />
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}

function Member({
  person,
  groupId,
  breakouts,
}: {
  person: Person;
  groupId: string | null;
  breakouts: Breakouts;
}) {
  const { may, me } = useClassState();
  const act = useAct();
  return (
    <li className="breakout-person">
      <span>
        {person.name}
        {person.id === me && <span className="soft"> (you)</span>}
      </span>
      {may.moderate && person.id !== me && (
        <select
          aria-label={`Move ${person.name} to`}
          value={groupId ?? ""}
          onChange={(event) =>
            void act("assign-breakout", {
              participantId: person.id,
              ...(event.target.value && { groupId: event.target.value }),
            })
          }
        >
          <option value="">Main room</option>
          {breakouts.groups.map((one) => (
            <option key={one.groupId} value={one.groupId}>
              {one.name}
            </option>
          ))}
        </select>
      )}
    </li>
  );
}
