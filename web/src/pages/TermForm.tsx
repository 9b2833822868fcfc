/** How long recordings are kept: staff read it, administrators set it for a room or a course. */
import { useCallback, useState } from "react";
import type { Term } from "../api/recordings";
import { Field, SelectField } from "../design/Field";
import { Notice } from "../design/Notice";
import { Loading } from "../design/Spinner";
import { useForm } from "../hooks/useForm";
import { useLoaded } from "../hooks/useLoaded";
import { FormTrouble } from "./FormTrouble";
import { Submit } from "./Submit";
import { daysOf, told, wayOf } from "./term";

export interface TermOf {
  /** What its recordings are kept for where nothing is set, as a choice. */
  usual: string;
  /** What is to be said besides where nothing is set. */
  unless?: string;
  read: (signal: AbortSignal) => Promise<Term>;
  set: (days: number | null) => Promise<Term>;
}

export function TermForm({ of, admin, onSet }: { of: TermOf; admin: boolean; onSet: () => void }) {
  const load = useCallback((signal: AbortSignal) => of.read(signal), [of]);
  const { data, error, setData } = useLoaded(load);
  const renew = (term: Term) => {
    setData(term);
    onSet();
  };
  return (
    <>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Looking how long recordings are kept" />}
      {data && (
        <p className="soft" data-testid="term">
          {told(data)}
          {data.own_days === null && of.unless && ` ${of.unless}`}
        </p>
      )}
      {data && admin && <SetTerm of={of} term={data} onSet={renew} />}
    </>
  );
}

function SetTerm({ of, term, onSet }: { of: TermOf; term: Term; onSet: (term: Term) => void }) {
  const [way, setWay] = useState(wayOf(term));
  const form = useForm(["days"], async ({ days = "" }) => {
    onSet(await of.set(daysOf(way, days)));
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <FormTrouble form={form} />
      <SelectField
        label="They are kept"
        name="way"
        value={way}
        onChange={(event) => setWay(event.target.value)}
        data-testid="term-way"
      >
        <option value="usual">{of.usual}</option>
        <option value="ever">For ever</option>
        <option value="own">For a time of their own</option>
      </SelectField>
      {way === "own" && (
        <Field
          label="Days"
          name="days"
          type="number"
          min={1}
          max={36500}
          step={1}
          required
          defaultValue={term.own_days || ""}
          error={form.fields.days}
          data-testid="term-days"
        />
      )}
      <p>
        <Submit form={form} data-testid="save-term">
          Set
        </Submit>
      </p>
    </form>
  );
}
