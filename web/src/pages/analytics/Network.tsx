/** Whose connection was not good in classes, and by what. */
import type { ClassNetwork, NetworkCause, NetworkReport, PersonNetwork } from "../../api/analytics";
import { Badge } from "../../design/Badge";
import { EmptyState } from "../../design/EmptyState";
import { Notice } from "../../design/Notice";
import { day, plural } from "../../format";
import { type Column, DataTable } from "./DataTable";
import { SaveReport } from "./SaveReport";
import { count, percent } from "./words";

type Row = PersonNetwork;

const CAUSES: Readonly<Record<NetworkCause, string>> = {
  cut_off: "Connection broke",
  uplink: "Loss of what they send",
  downlink: "Loss of what they get",
  narrow_downlink: "Too narrow for pictures",
  distance: "Far from the server",
  queues: "Line filled by something",
};

const measured = (
  name: keyof Row & string,
  label: string,
  said: (value: number | null) => string,
  title?: string,
): Column<Row> => ({
  name,
  label,
  ...(title && { title }),
  cell: (row) => said(row[name] as number | null),
  order: (row) => row[name] as number | null,
});

const COLUMNS: readonly Column<Row>[] = [
  {
    name: "person",
    label: "Person",
    words: true,
    cell: ({ name, email, is_staff }) => (
      <span title={email}>
        {name} {is_staff && <Badge>Staff</Badge>}
      </span>
    ),
    order: ({ name }) => name,
  },
  {
    name: "trouble",
    label: "With trouble",
    title: "classes in which their connection was not good, of those that they came to",
    cell: ({ classes, classes_with_trouble }) => `${classes_with_trouble} of ${classes}`,
    order: ({ classes_with_trouble }) => -classes_with_trouble,
  },
  {
    name: "devices",
    label: "Device",
    title: "by which they came, as their browsers say; an iPad may call itself a computer",
    words: true,
    cell: ({ devices }) => devices.join(", ") || "–",
    order: ({ devices }) => devices.join(", ") || null,
  },
  {
    name: "cause",
    label: "Mostly by",
    words: true,
    cell: ({ cause, explanation }) =>
      cause ? <span title={explanation ?? undefined}>{CAUSES[cause]}</span> : "–",
    order: ({ cause }) => cause && CAUSES[cause],
  },
  measured("reconnects", "Came back", count, "reconnections within five minutes"),
  measured("rtt_ms_mean", "Round trip", (value) => (value === null ? "–" : `${Math.round(value)} ms`)),
  measured("loss_sending_percent", "Loss sending", percent, "of packets, before repairs"),
  measured("loss_receiving_percent", "Loss receiving", percent, "of packets, before repairs"),
  measured("recording_stalls", "Stalls", count, "of recordings while they played"),
];

export function Network({ report }: { report: NetworkReport }) {
  const troubled = report.people.filter(({ classes_with_trouble }) => classes_with_trouble > 0);
  const rows = report.people;
  return (
    <section className="analytics-part" aria-labelledby="network-title">
      <div className="analytics-part-head">
        <h2 id="network-title">Whose connection was not good</h2>
        {rows.length > 0 && <SaveReport name="network" />}
      </div>
      {rows.length === 0 ? (
        <EmptyState icon="signal" title="No class was held yet">
          How everybody's connection was is told here, and why it was not good.
        </EmptyState>
      ) : (
        <>
          <StaffNotice classes={report.classes} />
          <p className="analytics-note" data-testid="network-summary">
            {troubled.length === 0
              ? "Everybody's was good in every class."
              : `${troubled.length} of ${plural(rows.length, "person", "people")} had trouble in a class.`}
          </p>
          <DataTable
            label="Connections"
            rows={rows}
            columns={COLUMNS}
            keyOf={({ user_id }) => user_id}
            testId="network"
            by="trouble"
          />
          <p className="soft analytics-note">
            Trouble: poor for a twentieth of a class, cut off three times, or not good for a fifth of it.
            Browsers alone know of a computer that is too slow: that is not in it.
          </p>
        </>
      )}
    </section>
  );
}

/** Everybody notices the connection of who teaches. */
function StaffNotice({ classes }: { classes: readonly ClassNetwork[] }) {
  const theirs = classes.filter(({ staff_with_trouble }) => staff_with_trouble > 0);
  if (theirs.length === 0) return null;
  const named = theirs
    .slice(0, 3)
    .map(({ title, held_from }) => (held_from ? `“${title}” (${day(held_from)})` : `“${title}”`));
  const more = theirs.length > named.length ? ` and ${theirs.length - named.length} more` : "";
  return (
    <Notice tone="warn">
      Staff had trouble in {named.join(", ")}
      {more}: everybody in the class notices that.
    </Notice>
  );
}
