/** Finding one person by words of their name or address, with the browser's own list of proposals. */
import { useCallback, useEffect, useId, useState } from "react";
import type { Person } from "../../api/people";
import { useLoaded } from "../../hooks/useLoaded";
import { useSettled } from "../../hooks/useSettled";
import { useApi } from "../../session/Session";

const PROPOSALS = 8;

const shown = ({ full_name, email }: Pick<Person, "full_name" | "email">) => `${full_name} (${email})`;

export function PersonPicker({
  label,
  user_id,
  onPick,
  testId,
}: {
  label: string;
  /** Who is picked; empty for nobody. */
  user_id: string;
  onPick: (user_id: string) => void;
  testId: string;
}) {
  const { people } = useApi();
  const id = useId();
  const [words, setWords] = useState("");
  const settled = useSettled(words.trim());
  const propose = useCallback(
    async (signal: AbortSignal) =>
      settled === "" ? [] : (await people.list({ search: settled, limit: PROPOSALS }, signal)).items,
    [people, settled],
  );
  const { data } = useLoaded(propose);
  useEffect(() => {
    if (user_id === "") return setWords("");
    let wanted = true;
    const name = (read: { person: Person }) => wanted && setWords(shown(read.person));
    people.get(user_id).then(name, () => wanted && setWords(user_id));
    return () => {
      wanted = false;
    };
  }, [people, user_id]);
  const type = (typed: string) => {
    setWords(typed);
    const found = data?.find((person) => shown(person) === typed);
    if (found) onPick(found.user_id);
    else if (typed === "" && user_id !== "") onPick("");
  };
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        className="field-input"
        type="search"
        list={`${id}-list`}
        placeholder="Everybody"
        autoComplete="off"
        value={words}
        onChange={(event) => type(event.target.value)}
        data-testid={testId}
      />
      <datalist id={`${id}-list`}>
        {data?.map((person) => (
          <option key={person.user_id} value={shown(person)} />
        ))}
      </datalist>
    </div>
  );
}
