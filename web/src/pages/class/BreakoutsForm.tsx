/** Dividing the class: by chance, by hand, or as everybody chooses. */
import { type FormEvent, useState } from "react";
import { deal, sizesInWords } from "../../class/grouping";
import { isStaff } from "../../class/parts/people";
import { Button } from "../../design/Button";
import { Field, SelectField } from "../../design/Field";
import { useAct, useClassState } from "./useClass";

type Way = "chance" | "hand" | "choose";

const MOST = 50;
const nameOf = (index: number) => `Group ${index + 1}`;

export function BreakoutsForm() {
  const act = useAct();
  const { people } = useClassState();
  const students = people.filter((one) => !isStaff(one.role));
  const [count, setCount] = useState("2");
  const [minutes, setMinutes] = useState("10");
  const [way, setWay] = useState<Way>("chance");
  /** Group by person, from 0; who is not there stays in the main room. */
  const [byHand, setByHand] = useState<Readonly<Record<string, number>>>({});
  const [busy, setBusy] = useState(false);
  const groups = Math.min(MOST, Math.max(1, Number(count) || 1));
  const names = Array.from({ length: groups }, (_, index) => nameOf(index));
  const open = async (event: FormEvent) => {
    event.preventDefault();
    const dealt = deal(
      students.map((one) => one.id),
      groups,
    );
    const idsOf = (index: number) => {
      if (way === "chance") return dealt[index] ?? [];
      return way === "hand" ? students.map((one) => one.id).filter((id) => byHand[id] === index) : [];
    };
    setBusy(true);
    await act("open-breakouts", {
      groups: names.map((name, index) => ({ name, participantIds: idsOf(index) })),
      ...(Number(minutes) > 0 && { durationS: Math.round(Number(minutes) * 60) }),
      choose: way === "choose",
    });
    setBusy(false);
  };
  return (
    <form className="side-stack" onSubmit={(event) => void open(event)}>
      <div className="breakouts-figures">
        <Field
          label="Rooms"
          type="number"
          min={1}
          max={MOST}
          required
          value={count}
          onChange={(event) => setCount(event.target.value)}
          data-testid="breakout-count"
        />
        <Field
          label="Minutes"
          type="number"
          min={0}
          max={240}
          value={minutes}
          onChange={(event) => setMinutes(event.target.value)}
          data-testid="breakout-minutes"
        />
      </div>
      <SelectField
        label="Who goes where"
        value={way}
        onChange={(event) => setWay(event.target.value as Way)}
        hint={way === "chance" && students.length > 0 ? sizesInWords(students.length, groups) : undefined}
        data-testid="breakout-way"
      >
        <option value="chance">By chance</option>
        <option value="hand">I choose for everybody</option>
        <option value="choose">Everybody chooses</option>
      </SelectField>
      {way === "hand" && (
        <ul className="breakouts-hand">
          {students.map((person) => (
            <li key={person.id}>
              <span>{person.name}</span>
              <select
                className="field-input field-select"
                aria-label={`Room of ${person.name}`}
                value={byHand[person.id] ?? ""}
                onChange={(event) => {
                  const { value } = event.target;
                  const { [person.id]: _, ...others } = byHand;
                  setByHand(value === "" ? others : { ...others, [person.id]: Number(value) });
                }}
              >
                <option value="">Main room</option>
                {names.map((name, index) => (
                  <option key={name} value={index}>
                    {name}
                  </option>
                ))}
              </select>
            </li>
          ))}
        </ul>
      )}
      <Button type="submit" tone="primary" busy={busy} data-testid="open-breakouts">
        Open the rooms
      </Button>
      {students.length === 0 && (
        <p className="field-hint">No students are here yet: you can move them later.</p>
      )}
    </form>
  );
}
