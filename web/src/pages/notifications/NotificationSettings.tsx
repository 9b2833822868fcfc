/** What one gets by mail, of each kind, and when the mail of the day comes. */
import { useCallback, useId } from "react";
import { Link } from "wouter";
import type { Choices, KindChoice } from "../../api/notifications";
import { AppShell } from "../../design/AppShell";
import { Card } from "../../design/Card";
import { SelectField } from "../../design/Field";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { Loading } from "../../design/Spinner";
import { useToast } from "../../design/Toast";
import { useForm } from "../../hooks/useForm";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { useApi } from "../../session/Session";
import { zonesFor } from "../courses/schedule/zones";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import "./Notifications.css";
import { changeOf, hourOf, MAIL_CHOICES, MAIL_WORDS } from "./notification_words";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);

export function NotificationSettings() {
  useTitle("Settings of notifications");
  const { notifications } = useApi();
  const load = useCallback((signal: AbortSignal) => notifications.choices(signal), [notifications]);
  const { data, error, setData } = useLoaded(load);
  return (
    <AppShell>
      <Link href="/notifications" className="back-link">
        <Icon name="back" size={16} />
        Notifications
      </Link>
      <div className="page-head">
        <h1>By mail</h1>
      </div>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading settings" />}
      {data && <ChoicesForm choices={data} onSaved={setData} />}
    </AppShell>
  );
}

function ChoicesForm({ choices, onSaved }: { choices: Choices; onSaved: (saved: Choices) => void }) {
  const { notifications } = useApi();
  const toast = useToast();
  const form = useForm(["time_zone", "digest_hour"], async (values) => {
    onSaved(await notifications.choose(changeOf(choices, values)));
    toast("Your choices were saved.");
  });
  return (
    <Card>
      <form className="form" onSubmit={form.onSubmit} data-testid="notification-choices">
        {!choices.mails && (
          <Notice tone="info" title="This server sends no mail">
            What you choose holds as soon as it does.
          </Notice>
        )}
        <p className="soft">
          Everything is listed under Notifications, whatever you choose here. This is about what comes to you
          by mail as well.
        </p>
        <FormTrouble form={form} />
        <div className="mail-kinds">
          {choices.kinds.map((one) => (
            <Kind key={one.kind} one={one} />
          ))}
        </div>
        <h2>Daily mail</h2>
        <div className="field-row">
          <SelectField
            label="Comes at"
            name="digest_hour"
            defaultValue={choices.digest_hour}
            error={form.fields.digest_hour}
            data-testid="digest-hour"
          >
            {HOURS.map((hour) => (
              <option key={hour} value={hour}>
                {hourOf(hour)}
              </option>
            ))}
          </SelectField>
          <SelectField
            label="Time zone"
            name="time_zone"
            defaultValue={choices.time_zone}
            error={form.fields.time_zone}
            data-testid="digest-zone"
          >
            {zonesFor(choices.time_zone).map((zone) => (
              <option key={zone} value={zone}>
                {zone.replaceAll("_", " ")}
              </option>
            ))}
          </SelectField>
        </div>
        <p>
          <Submit form={form} data-testid="save-choices">
            Save
          </Submit>
        </p>
      </form>
    </Card>
  );
}

function Kind({ one: { kind, title, mail, default: preset } }: { one: KindChoice }) {
  const id = useId();
  return (
    <div className="mail-kind">
      <label htmlFor={id}>{title}</label>
      <select
        id={id}
        name={`kind-${kind}`}
        className="field-input field-select"
        defaultValue={mail}
        data-testid={`kind-${kind}`}
      >
        {MAIL_CHOICES.map((one) => (
          <option key={one} value={one}>
            {MAIL_WORDS[one]}
            {one === preset && " (default)"}
          </option>
        ))}
      </select>
    </div>
  );
}
