/** Who may need help, by which rule and why; closed by saying what was done. */
import { useCallback, useState } from "react";
import type { Alert, AlertStatus } from "../../api/analytics";
import { readFirst } from "../../api/pages";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { Field, SelectField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { moment } from "../../format";
import { useForm } from "../../hooks/useForm";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { useCourse } from "../courses/useCourse";
import { FormTrouble } from "../FormTrouble";
import { FormEnds } from "../Submit";
import { SEVERITIES } from "./words";

const FRESH_MS = 60_000;
const PAGE = 100;
const STATES: Readonly<Record<AlertStatus, string>> = {
  open: "Open",
  resolved: "Resolved",
  dismissed: "Dismissed",
  over: "Over",
};
type Closing = { alert: Alert; how: "resolve" | "dismiss" };

export function Alerts() {
  const { course } = useCourse();
  const { analytics } = useApi();
  const [status, setStatus] = useState<AlertStatus | "">("open");
  const [most, setMost] = useState(PAGE);
  const [closing, setClosing] = useState<Closing | null>(null);
  const load = useCallback(
    (signal: AbortSignal) => readFirst(most, (page) => analytics.alerts(course.id, status, page, signal)),
    [analytics, course.id, status, most],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  return (
    <section className="analytics-part" aria-labelledby="alerts-title" data-testid="alerts">
      <div className="analytics-part-head">
        <h2 id="alerts-title">Who may need help</h2>
        <SelectField
          label="Show"
          value={status}
          onChange={(event) => {
            setStatus(event.target.value as AlertStatus | "");
            setMost(PAGE);
          }}
          data-testid="alert-status"
        >
          {Object.entries(STATES).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
          <option value="">All</option>
        </SelectField>
      </div>
      {error && <Notice tone="wrong">{error}</Notice>}
      {data?.items.length === 0 && (
        <p className="soft">
          {status === "open"
            ? "Nobody, by the rules. They are looked at every hour while the course is active."
            : "There is none."}
        </p>
      )}
      {data && data.items.length > 0 && (
        <ul className="list">
          {data.items.map((alert) => (
            <Row key={alert.id} alert={alert} onClose={(how) => setClosing({ alert, how })} />
          ))}
        </ul>
      )}
      {data?.more && (
        <p className="list-more">
          <Button busy={data.asked < most} onClick={() => setMost(most + PAGE)} data-testid="more-alerts">
            Show more
          </Button>
        </p>
      )}
      <Dialog
        title={closing?.how === "dismiss" ? "This is no reason for concern" : "Something was done"}
        open={closing !== null}
        onClose={() => setClosing(null)}
      >
        {closing && <CloseForm closing={closing} onClose={() => setClosing(null)} onDone={reload} />}
      </Dialog>
    </section>
  );
}

function Row({ alert, onClose }: { alert: Alert; onClose: (how: Closing["how"]) => void }) {
  const { label, tone } = SEVERITIES[alert.severity];
  return (
    <li className="alert-row" data-testid={`alert-${alert.student_name}`}>
      <div>
        <span className="alert-name">
          {alert.student_name}
          <Badge tone={tone}>{label}</Badge>
          {alert.status !== "open" && <Badge>{STATES[alert.status]}</Badge>}
        </span>
        <p>{alert.reason}</p>
        <p className="soft">
          {[alert.recommendation, moment(alert.created_at), alert.note && `“${alert.note}”`]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      {alert.status === "open" && (
        <div className="alert-acts">
          <Button size="small" icon="check" onClick={() => onClose("resolve")}>
            Resolve<span className="visually-hidden"> for {alert.student_name}</span>
          </Button>
          <Button size="small" tone="quiet" onClick={() => onClose("dismiss")}>
            Dismiss<span className="visually-hidden"> for {alert.student_name}</span>
          </Button>
        </div>
      )}
    </li>
  );
}

function CloseForm({
  closing: { alert, how },
  onClose,
  onDone,
}: {
  closing: Closing;
  onClose: () => void;
  onDone: () => Promise<void>;
}) {
  const { analytics } = useApi();
  const form = useForm(["note"], async ({ note = "" }) => {
    await analytics.closeAlert(alert.id, how, note);
    onClose();
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">
        {alert.student_name}: {alert.reason} The rule says no more of them for seven days.
      </p>
      <FormTrouble form={form} />
      <Field
        label={how === "resolve" ? "What was done" : "Why it is none"}
        name="note"
        maxLength={500}
        error={form.fields.note}
        data-testid="alert-note"
      />
      <FormEnds form={form} onCancel={onClose} data-testid="close-alert">
        {how === "resolve" ? "Resolve" : "Dismiss"}
      </FormEnds>
    </form>
  );
}
