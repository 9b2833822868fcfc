/** The dates of a course for another term: the day that each of the two begins on, and by whose clocks. */
import { useCallback, useState } from "react";
import { readFirst } from "../../../api/pages";
import { Field, SelectField } from "../../../design/Field";
import { Notice } from "../../../design/Notice";
import { zoneHere } from "../../../format";
import { useLoaded } from "../../../hooks/useLoaded";
import { type Api, useApi } from "../../../session/Session";
import { zonesFor } from "../schedule/zones";
import { useCourse } from "../useCourse";
import { firstDayOf, shiftWords, weeksBetween } from "./term_shift";

const MOST = 1000;

/** What the form says of dates, for the server; nothing where they are left out. */
export function datesIn({ this_begins = "", new_begins = "", time_zone = "" }: Record<string, string>) {
  const weeks = weeksBetween(this_begins, new_begins);
  return weeks === null ? {} : { shift_days: weeks * 7, time_zone };
}

export function CopyDates({ fields }: { fields: Readonly<Record<string, string>> }) {
  const { course } = useCourse();
  const api = useApi();
  const load = useCallback((signal: AbortSignal) => readDates(api, course.id, signal), [api, course.id]);
  const { data, error } = useLoaded(load);
  const [typed, setTyped] = useState<string | null>(null);
  const [begins, setBegins] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const was = typed ?? data?.first ?? "";
  const zone = chosen ?? data?.time_zone ?? zoneHere();
  const weeks = weeksBetween(was, begins);
  return (
    <>
      {error && <Notice tone="wrong">{error}</Notice>}
      <div className="field-row">
        <Field
          label="This term began on"
          name="this_begins"
          type="date"
          required={begins !== ""}
          value={was}
          onChange={(event) => setTyped(event.target.value)}
          data-testid="copy-this-begins"
        />
        <Field
          label="The new one begins on"
          name="new_begins"
          type="date"
          value={begins}
          onChange={(event) => setBegins(event.target.value)}
          error={fields.shift_days}
          data-testid="copy-new-begins"
        />
      </div>
      {begins !== "" && (
        <SelectField
          label="Time zone"
          name="time_zone"
          value={zone}
          onChange={(event) => setChosen(event.target.value)}
          hint="What was at eight o’clock there stays at eight, in summer and in winter."
          error={fields.time_zone}
          data-testid="copy-zone"
        >
          {zonesFor(zone).map((one) => (
            <option key={one} value={one}>
              {one.replaceAll("_", " ")}
            </option>
          ))}
        </SelectField>
      )}
      <p className="soft" role="status" data-testid="copy-shift">
        {weeks === null
          ? "Without the day that the new term begins on, the copy has no series and no dates."
          : shiftWords(was, weeks)}
      </p>
    </>
  );
}

/** When the first class is, or the first thing due where there are none, and by whose clocks. */
async function readDates(
  { outline, schedules, assignments, quizzes }: Api,
  course: string,
  signal: AbortSignal,
) {
  const [series, lessons] = await Promise.all([
    readFirst(MOST, (page) => schedules.list(course, page, signal)),
    readFirst(MOST, (page) => outline.lessons(course, page, signal, "live")),
  ]);
  const time_zone = series.items[0]?.time_zone ?? zoneHere();
  const first = firstDayOf(
    series.items.map(({ first_start }) => first_start),
    lessons.items.map(({ starts_at, cancelled }) => (cancelled ? null : starts_at)),
    time_zone,
  );
  if (first !== "") return { first, time_zone };
  const [due, asked] = await Promise.all([
    readFirst(MOST, (page) => assignments.list(course, page, signal)),
    readFirst(MOST, (page) => quizzes.list(course, page, signal)),
  ]);
  const moments = [
    ...due.items.map(({ due_at }) => due_at),
    ...asked.items.map(({ opens_at, closes_at }) => opens_at ?? closes_at),
  ];
  return { first: firstDayOf([], moments, time_zone), time_zone };
}
