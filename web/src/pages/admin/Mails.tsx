/** Mails of the server: what was sent, what fails and why, and what to pass on where none is sent. */
import { type ReactNode, useCallback, useState } from "react";
import type { Mail, MailText } from "../../api/mails";
import { readFirst } from "../../api/pages";
import { Badge, type BadgeTone } from "../../design/Badge";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { EmptyState } from "../../design/EmptyState";
import { Field } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { momentWithin, plural } from "../../format";
import { useForm } from "../../hooks/useForm";
import { useLoaded } from "../../hooks/useLoaded";
import { useTask } from "../../hooks/useTask";
import { serverOf, useApi, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { FormEnds } from "../Submit";
import { AdminHead, AdminPage } from "./AdminPage";
import { LinkToPass } from "./LinkToPass";
import "./Mails.css";
import { linksIn, type MailState, stateOfMail } from "./mail_state";

const PAGE = 50;
const FRESH_MS = 15_000;
const TONES: Readonly<Record<MailState, [tone: BadgeTone, label: string]>> = {
  sent: ["accent", "Sent"],
  waiting: ["neutral", "On its way"],
  failing: ["warn", "Fails, tried again"],
  failed: ["live", "Not delivered"],
  kept: ["warn", "Pass it on"],
  over: ["neutral", "Too old"],
};

export function Mails() {
  return (
    <AdminPage title="Mails">
      <MailList />
    </AdminPage>
  );
}

function MailList() {
  const { mails } = useApi();
  const { state } = useSession();
  const sends = serverOf(state)?.mail !== false;
  const [count, setCount] = useState(PAGE);
  const load = useCallback(
    (signal: AbortSignal) => readFirst(count, (page) => mails.list(page, signal)),
    [mails, count],
  );
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  const [read, setRead] = useState<MailText | null>(null);
  const [testing, setTesting] = useState(false);
  return (
    <div data-testid="mails-page">
      <AdminHead title="Mails">
        {sends && (
          <Button icon="send" onClick={() => setTesting(true)} data-testid="test-mail">
            Send a test mail
          </Button>
        )}
      </AdminHead>
      {!sends && (
        <Notice tone="info" title="This server sends no mail" testId="no-smtp">
          Read the links here and pass them on. Set <code>mail.host</code> to have them sent.
        </Notice>
      )}
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading mails" />}
      {data?.items.length === 0 && (
        <EmptyState icon="mail" title="No mails yet">
          Links to confirm addresses, to choose passwords and to come in appear here.
        </EmptyState>
      )}
      {data && data.items.length > 0 && (
        <ul className="list mails" data-testid="mails">
          {data.items.map((mail) => (
            <Row key={mail.mail_id} mail={mail} sends={sends} onRead={setRead} onChange={reload} />
          ))}
        </ul>
      )}
      {data?.more && (
        <p className="list-more">
          <Button onClick={() => setCount(count + PAGE)}>Show more</Button>
        </p>
      )}
      <Dialog title={read?.subject ?? ""} open={read !== null} onClose={() => setRead(null)}>
        {read && <Text mail={read} onClose={() => setRead(null)} />}
      </Dialog>
      <Dialog title="Send a test mail" open={testing} onClose={() => setTesting(false)}>
        <TestForm onDone={reload} onClose={() => setTesting(false)} />
      </Dialog>
    </div>
  );
}

interface RowProps {
  mail: Mail;
  sends: boolean;
  onRead: (mail: MailText) => void;
  onChange: () => Promise<void>;
}

function Row({ mail, sends, onRead, onChange }: RowProps) {
  const { mails } = useApi();
  const task = useTask();
  const state = stateOfMail(mail, sends);
  const [tone, label] = TONES[state];
  const retry = () =>
    void task.run(async () => {
      await mails.retry(mail.mail_id);
      await onChange();
    }, "It is tried again now.");
  return (
    <li className="list-row" data-testid={`mail-${mail.to}`} data-state={state}>
      <div className="list-row-words">
        <strong>{mail.subject}</strong>
        <p className="list-row-facts">
          To {mail.to}, {momentWithin(mail.sent_at ?? mail.created_at)}
          {mail.attempts > 1 && `, ${plural(mail.attempts, "try", "tries")}`}
        </p>
        {mail.last_error && state !== "sent" && <p className="list-row-wrong">{mail.last_error}</p>}
      </div>
      <Badge tone={tone}>{label}</Badge>
      <div className="list-row-actions">
        {mail.has_body && (
          <Button
            size="small"
            busy={task.busy}
            aria-label={`Read “${mail.subject}” to ${mail.to}`}
            onClick={() => void task.run(async () => onRead(await mails.read(mail.mail_id)))}
            data-testid="read-mail"
          >
            Read
          </Button>
        )}
        {sends && (state === "failing" || state === "failed") && (
          <Button
            size="small"
            icon="retry"
            busy={task.busy}
            aria-label={`Try again: “${mail.subject}” to ${mail.to}`}
            onClick={retry}
          >
            Try again
          </Button>
        )}
      </div>
    </li>
  );
}

function Text({ mail, onClose }: { mail: MailText; onClose: () => void }) {
  return (
    <div className="form">
      <p className="soft">To {mail.to}. That you read it is in the audit log.</p>
      {linksIn(mail.body ?? "").map((link) => (
        <LinkToPass key={link} link={link} />
      ))}
      <pre className="mail-text">{mail.body ?? "Its words were thrown away once it was sent."}</pre>
      <DialogActions>
        <Button tone="primary" onClick={onClose}>
          Close
        </Button>
      </DialogActions>
    </div>
  );
}

function TestForm({ onDone, onClose }: { onDone: () => Promise<void>; onClose: () => void }) {
  const { mails } = useApi();
  const { state } = useSession();
  const [said, setSaid] = useState<ReactNode>(null);
  const form = useForm(["to"], async ({ to = "" }) => {
    setSaid(null);
    setSaid((await mails.test(to.trim())).message);
    await onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <FormTrouble form={form} />
      {said && (
        <Notice tone="info" testId="test-mail-sent">
          {said}
        </Notice>
      )}
      <Field
        label="To"
        name="to"
        type="email"
        autoComplete="email"
        required
        autoFocus
        defaultValue={state.phase === "ready" ? state.user?.email : ""}
        hint="What the mail server says to it is shown here."
        error={form.fields.to}
        data-testid="test-mail-to"
      />
      <FormEnds form={form} onCancel={onClose} cancel="Close" data-testid="send-test-mail">
        Send
      </FormEnds>
    </form>
  );
}
