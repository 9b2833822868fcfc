/** The sheet of each class: who was there, from when to when, and what their teacher says of it. */
import { useCallback, useState } from "react";
import { Link, useSearchParams } from "wouter";
import type { AttendanceRow, Attended, RunningClass } from "../../api/analytics";
import { Badge } from "../../design/Badge";
import { Button, ButtonLink, IconButton } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { EmptyState } from "../../design/EmptyState";
import { Field, SelectField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { momentWithin, plural, timeOfDay } from "../../format";
import { useForm } from "../../hooks/useForm";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { useApi } from "../../session/Session";
import { useCourse } from "../courses/useCourse";
import { FormTrouble } from "../FormTrouble";
import { FormEnds } from "../Submit";
import { saveFile } from "../save_file";
import "./Analytics.css";
import { type Column, DataTable } from "./DataTable";
import { SaveReport } from "./SaveReport";
import { heldWords, percent, STATUSES, time } from "./words";

const FRESH_MS = 30_000;

export function AttendanceSheets() {
  const { course } = useCourse();
  const { analytics } = useApi();
  const [query, setQuery] = useSearchParams();
  const load = useCallback(
    (signal: AbortSignal) => analytics.attendance(course.id, signal),
    [analytics, course.id],
  );
  const { data, error } = useLoaded(load, FRESH_MS);
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading the classes" />;
  const begun: RunningClass[] = [...data.classes, ...data.going_on].reverse();
  const lesson = query.get("lesson") ?? begun[0]?.lesson_id;
  const head = (
    <div className="analytics-part-head">
      <ButtonLink href={`/courses/${course.id}/analytics`} size="small" icon="back">
        To the figures
      </ButtonLink>
      {begun.length > 0 && (
        <>
          <SelectField
            label="Class"
            value={lesson}
            onChange={(event) => setQuery({ lesson: event.target.value })}
            data-testid="choose-class"
          >
            {begun.map((one) => (
              <option key={one.lesson_id} value={one.lesson_id}>
                {nameOf(one)}
              </option>
            ))}
            {lesson && !begun.some(({ lesson_id }) => lesson_id === lesson) && (
              <option value={lesson}>Counts for nobody</option>
            )}
          </SelectField>
          <SaveReport name="attendance" what="All classes" />
        </>
      )}
    </div>
  );
  return (
    <div data-testid="attendance-sheets">
      {head}
      {lesson ? (
        <SheetOf key={lesson} lesson={lesson} />
      ) : (
        <EmptyState icon="users" title="No class has been held yet">
          A live lesson that its staff have held has a sheet here.
        </EmptyState>
      )}
    </div>
  );
}

const nameOf = ({ title, starts_at, held_from }: RunningClass): string => {
  const at = starts_at ?? held_from;
  return at ? `${title}, ${momentWithin(at)}` : title;
};

function SheetOf({ lesson }: { lesson: string }) {
  const { analytics } = useApi();
  const { course, may } = useCourse();
  const load = useCallback((signal: AbortSignal) => analytics.sheet(lesson, signal), [analytics, lesson]);
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const [correcting, setCorrecting] = useState<AttendanceRow | null>(null);
  const task = useTask();
  const save = () =>
    void task.run(async () => saveFile(await analytics.downloadSheet(lesson), "attendance.csv"));
  if (!data) return error ? <Notice tone="wrong">{error}</Notice> : <Loading label="Loading the sheet" />;
  return (
    <>
      {error && <Notice tone="wrong">{error}</Notice>}
      <div className="analytics-part-head">
        <div>
          <h2>{data.title}</h2>
          <p className="soft">{heldWords(data)}</p>
        </div>
        {!data.totals && (
          <Button icon="download" size="small" busy={task.busy} onClick={save} data-testid="save-sheet">
            Save this sheet
          </Button>
        )}
      </div>
      {data.totals ? (
        data.counts && <Totals totals={data.totals} />
      ) : (
        <DataTable
          label={`Attendance of ${data.title}`}
          rows={data.people}
          columns={columnsOf(setCorrecting)}
          keyOf={({ user_id }) => user_id}
          testId="sheet"
        />
      )}
      <p className="soft analytics-note">
        Present, late and partial are by{" "}
        {may("update") ? (
          <Link href={`/courses/${course.id}/settings#attendance`} data-testid="to-rules">
            the rules of the course
          </Link>
        ) : (
          "the rules of the course"
        )}
        , of the class as it was held: from when its staff came until they left, without breaks in which they
        were away for more than a quarter of an hour or the room was closed. A correction counts instead, and
        is kept with its reason in the audit log.
      </p>
      <Dialog
        title={`Correct: ${correcting?.name ?? ""}`}
        open={correcting !== null}
        onClose={() => setCorrecting(null)}
      >
        {correcting && (
          <CorrectForm lesson={lesson} row={correcting} onClose={() => setCorrecting(null)} onDone={reload} />
        )}
      </Dialog>
    </>
  );
}

/** How many attended how, once nobody can tell who. */
function Totals({ totals }: { totals: Record<Attended, number> }) {
  return (
    <div data-testid="sheet-totals">
      <ul className="list analytics-list">
        {(Object.keys(STATUSES) as Attended[]).map((status) => (
          <li key={status}>
            <Badge tone={STATUSES[status].tone}>{STATUSES[status].label}</Badge>
            <span className="numbers">{plural(totals[status], "student", "students")}</span>
          </li>
        ))}
      </ul>
      <p className="soft analytics-note">Who they were is not kept any more.</p>
    </div>
  );
}

function columnsOf(onCorrect: (row: AttendanceRow) => void): Column<AttendanceRow>[] {
  const clockOf = (at: string | null) => (at ? timeOfDay(new Date(at)) : "–");
  return [
    {
      name: "name",
      label: "Student",
      words: true,
      cell: ({ name, email }) => <span title={email}>{name}</span>,
      order: ({ name }) => name,
    },
    {
      name: "status",
      label: "Status",
      words: true,
      cell: (row) => (
        <span className="sheet-status">
          {row.status ? (
            <Badge tone={STATUSES[row.status].tone}>{STATUSES[row.status].label}</Badge>
          ) : (
            <span className="soft">Does not count</span>
          )}
          {row.source === "manual" && <span className="soft">by hand</span>}
          {row.made_up && <span className="soft">saw the recording</span>}
          <IconButton icon="edit" size="small" label={`Correct ${row.name}`} onClick={() => onCorrect(row)} />
        </span>
      ),
      order: ({ status }) => Object.keys(STATUSES).indexOf(status ?? ""),
    },
    {
      name: "present",
      label: "There",
      cell: ({ present_s }) => time(present_s),
      order: ({ present_s }) => present_s,
    },
    {
      name: "share",
      label: "Of the class",
      cell: ({ ratio }) => percent(ratio * 100),
      order: ({ ratio }) => ratio,
    },
    {
      name: "join",
      label: "First came",
      cell: ({ first_join }) => clockOf(first_join),
      order: ({ first_join }) => first_join,
    },
    {
      name: "leave",
      label: "Last left",
      cell: ({ last_leave }) => clockOf(last_leave),
      order: ({ last_leave }) => last_leave,
    },
    {
      name: "late",
      label: "Late by",
      cell: ({ late_s }) => (late_s > 0 ? time(late_s) : "–"),
      order: ({ late_s }) => late_s,
    },
    {
      name: "early",
      label: "Left early by",
      cell: ({ early_s }) => (early_s > 0 ? time(early_s) : "–"),
      order: ({ early_s }) => early_s,
    },
    {
      name: "connections",
      label: "Connections",
      cell: ({ sessions_count }) => sessions_count,
      order: ({ sessions_count }) => sessions_count,
    },
    {
      name: "devices",
      label: "Kinds of devices",
      cell: ({ device_count }) => device_count ?? "–",
      order: ({ device_count }) => device_count,
    },
  ];
}

function CorrectForm({
  lesson,
  row,
  onClose,
  onDone,
}: {
  lesson: string;
  row: AttendanceRow;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { analytics } = useApi();
  const form = useForm(["status", "reason"], async ({ status = "", reason = "" }) => {
    await analytics.correct(lesson, row.user_id, { status: (status || null) as Attended | null, reason });
    onClose();
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">
        What was counted stays: there for {time(row.present_s)}, {percent(row.ratio * 100)} of the class.
      </p>
      <FormTrouble form={form} />
      <SelectField
        label="Counts as"
        name="status"
        defaultValue={(row.source === "manual" && row.status) || "excused"}
        error={form.fields.status}
        data-testid="correct-status"
      >
        {Object.entries(STATUSES).map(([status, { label }]) => (
          <option key={status} value={status}>
            {label}
          </option>
        ))}
        <option value="">By the rules again</option>
      </SelectField>
      <Field
        label="Reason"
        name="reason"
        required
        maxLength={500}
        hint="Kept with who says so."
        error={form.fields.reason}
        data-testid="correct-reason"
      />
      <FormEnds form={form} onCancel={onClose} data-testid="correct-submit">
        Correct
      </FormEnds>
    </form>
  );
}
