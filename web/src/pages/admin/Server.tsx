/** How the server is and what it is set to; nothing is changed here. */
import { useCallback, useState } from "react";
import type { Setting } from "../../api/overview";
import { Badge } from "../../design/Badge";
import { Button } from "../../design/Button";
import { CheckField } from "../../design/Field";
import { Icon } from "../../design/Icon";
import { Notice } from "../../design/Notice";
import { SearchInput } from "../../design/SearchInput";
import { Loading } from "../../design/Spinner";
import { useLoaded } from "../../hooks/useLoaded";
import { useApi } from "../../session/Session";
import { AdminHead, AdminPage } from "./AdminPage";
import "./Server.css";
import { type Fact, factsOf, found, type How, originOf, shownValue } from "./server_words";

const FRESH_MS = 15_000;
/** What every setting is that nobody has changed. */
const DEFAULTS = new Set(["", "default.toml"]);

export function Server() {
  return (
    <AdminPage title="Server">
      <State />
      <Settings />
    </AdminPage>
  );
}

function State() {
  const { overview } = useApi();
  const load = useCallback((signal: AbortSignal) => overview.state(signal), [overview]);
  const { data, error, reload } = useLoaded(load, FRESH_MS);
  return (
    <section data-testid="server-state">
      <AdminHead title="Server" lead="As it is now. What needs you is at its place, with what helps.">
        <Button icon="retry" onClick={() => void reload()}>
          Refresh
        </Button>
      </AdminHead>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Looking at the server" />}
      {data && (
        <dl className="list server-facts">
          {factsOf(data, Date.now()).map((fact) => (
            <FactRow key={fact.name} fact={fact} />
          ))}
        </dl>
      )}
    </section>
  );
}

const MARKS: Readonly<Record<How, { icon: "check" | "info" | "warning"; words: string }>> = {
  good: { icon: "check", words: "Well: " },
  note: { icon: "info", words: "Worth knowing: " },
  wrong: { icon: "warning", words: "Wrong: " },
};

function FactRow({ fact }: { fact: Fact }) {
  const { icon, words } = MARKS[fact.how];
  return (
    <div className={`server-fact server-${fact.how}`} data-how={fact.how}>
      <dt>
        <Icon name={icon} size={18} />
        <span className="visually-hidden">{words}</span>
        {fact.name}
      </dt>
      <dd>
        {fact.value}
        {fact.words && <span className="server-words">{fact.words}</span>}
      </dd>
    </div>
  );
}

function Settings() {
  const { overview } = useApi();
  const [words, setWords] = useState("");
  const [all, setAll] = useState(false);
  const load = useCallback((signal: AbortSignal) => overview.settings(signal), [overview]);
  const { data, error } = useLoaded(load);
  const shown = found(data ?? [], words).filter((one) => all || words || !DEFAULTS.has(one.origin));
  return (
    <section className="server-settings" data-testid="server-settings">
      <h2>Settings</h2>
      <p className="soft">
        They are changed in files and variables, and hold from the next start. Secrets are not shown.
      </p>
      {error && <Notice tone="wrong">{error}</Notice>}
      {!data && !error && <Loading label="Loading the settings" />}
      {data && (
        <>
          <div className="filters">
            <SearchInput
              label="Search all settings"
              value={words}
              onChange={setWords}
              testId="settings-search"
            />
            <CheckField
              label="Also those that nobody changed"
              checked={all}
              onChange={(event) => setAll(event.target.checked)}
              data-testid="settings-all"
            />
          </div>
          <p className="visually-hidden" role="status">
            {shown.length} of {data.length} settings
          </p>
          {shown.length === 0 ? (
            <p className="soft">
              {words ? "No setting has these words." : "All are as they were delivered."}
            </p>
          ) : (
            <ul className="list server-list">
              {shown.map((one) => (
                <SettingRow key={one.name} setting={one} />
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

function SettingRow({ setting }: { setting: Setting }) {
  return (
    <li className="server-setting" data-testid="setting">
      <code className="server-name">{setting.name}</code>
      <span className={setting.secret ? "soft" : "server-value"}>{shownValue(setting)}</span>
      <Badge>{originOf(setting)}</Badge>
    </li>
  );
}
