/** How often the classes of a series are. */
import { useState } from "react";
import { Field, SelectField } from "../../../design/Field";
import { DAY_NAMES, DAYS, type Day, type Frequency, parseRule, type SimpleRule, writeRule } from "./rule";

type End = "never" | "count" | "until";

const FREQUENCIES: readonly [Frequency, string][] = [
  ["WEEKLY", "Weeks"],
  ["DAILY", "Days"],
  ["MONTHLY", "Months"],
];
const OWN = "own";

export function RuleFields({ rule, error }: { rule: string; error: string | undefined }) {
  const simple = parseRule(rule);
  const [frequency, setFrequency] = useState<Frequency | typeof OWN>(simple?.frequency ?? OWN);
  const [end, setEnd] = useState<End>(endOf(simple));
  return (
    <>
      <div className="field-row">
        {frequency !== OWN && (
          <Field
            label="Repeats every"
            name="interval"
            type="number"
            required
            min={1}
            max={frequency === "MONTHLY" ? 6 : 99}
            defaultValue={simple?.interval ?? 1}
          />
        )}
        <SelectField
          label={frequency === OWN ? "Repeats by" : "Weeks, days or months"}
          name="frequency"
          value={frequency}
          onChange={(event) => setFrequency(event.target.value as Frequency | typeof OWN)}
          error={frequency === OWN ? undefined : error}
          data-testid="series-frequency"
        >
          {FREQUENCIES.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
          <option value={OWN}>A rule of your own</option>
        </SelectField>
      </div>
      {frequency === OWN && (
        <Field
          label="Rule"
          name="rule"
          required
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          defaultValue={rule}
          hint="As calendars write it (RFC 5545): FREQ=MONTHLY;BYDAY=1MO is the first Monday of a month."
          error={error}
        />
      )}
      {frequency === "WEEKLY" && <Days chosen={simple?.days ?? []} />}
      {frequency !== OWN && (
        <div className="field-row">
          <SelectField
            label="Ends"
            name="end"
            value={end}
            onChange={(event) => setEnd(event.target.value as End)}
            data-testid="series-end"
          >
            <option value="never">Not by itself</option>
            <option value="count">After a number of classes</option>
            <option value="until">On a day</option>
          </SelectField>
          {end === "count" && (
            <Field
              label="Classes"
              name="count"
              type="number"
              required
              min={1}
              max={500}
              defaultValue={simple?.count ?? 12}
              data-testid="series-count"
            />
          )}
          {end === "until" && (
            <Field label="Last day" name="until" type="date" required defaultValue={simple?.until ?? ""} />
          )}
        </div>
      )}
    </>
  );
}

function Days({ chosen }: { chosen: readonly Day[] }) {
  return (
    <fieldset className="form-part">
      <legend className="field-label">On (that of the first class, if none is chosen)</legend>
      <div className="day-choices">
        {DAYS.map((day) => (
          <label key={day} className="day-choice">
            <input
              type="checkbox"
              name={`day_${day}`}
              defaultChecked={chosen.includes(day)}
              aria-label={DAY_NAMES[day]}
            />
            {DAY_NAMES[day].slice(0, 2)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

const endOf = (rule: SimpleRule | null): End =>
  rule?.count != null ? "count" : rule?.until != null ? "until" : "never";

/** The rule that the fields say. */
export function ruleOf(values: Record<string, string>): string {
  if (values.frequency === OWN) return (values.rule ?? "").trim();
  return writeRule({
    frequency: values.frequency as Frequency,
    interval: Number(values.interval ?? 1),
    days: DAYS.filter((day) => values[`day_${day}`] === "on"),
    count: values.end === "count" ? Number(values.count) : null,
    until: values.end === "until" ? (values.until ?? null) : null,
  });
}
