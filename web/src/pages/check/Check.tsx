/** Before a class: whether camera, microphone and the way to the server work, with what to do where not. */
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { type CheckState, Checkup } from "../../check/check";
import { type Finding, type FindingState, report, stateWord, verdict } from "../../check/finding";
import { AppShell } from "../../design/AppShell";
import { Button } from "../../design/Button";
import { Card } from "../../design/Card";
import { Icon, type IconName } from "../../design/Icon";
import { Spinner } from "../../design/Spinner";
import { useToast } from "../../design/Toast";
import { useTitle } from "../../hooks/useTitle";
import { useSession } from "../../session/Session";
import { copyText } from "../links";
import "./Check.css";

const ICONS: Readonly<Record<FindingState, IconName>> = {
  good: "check",
  note: "info",
  wrong: "warning",
  skipped: "more",
};

const VERDICTS: Readonly<Record<FindingState, string>> = {
  good: "Everything works. You can join your class.",
  note: "You can join your class. Something could be better.",
  wrong: "Something does not work. Below is what to do.",
  skipped: "Not everything could be tried.",
};

export function Check() {
  useTitle("Check your connection");
  const { api } = useSession();
  const checkup = useMemo(() => new Checkup(api.http), [api.http]);
  const state = useSyncExternalStore(checkup.store.subscribe, checkup.store.get);
  useEffect(() => () => checkup.stop(), [checkup]);
  return (
    <AppShell>
      <div className="check">
        <header>
          <h1>Check your connection</h1>
          <p className="soft">
            Tries your camera, your microphone and the way to this server, as in a class. It takes half a
            minute; nobody sees or hears you.
          </p>
        </header>
        <p className="check-actions">
          <Button
            tone="primary"
            size="large"
            icon={state.phase === "done" ? "retry" : "signal"}
            busy={state.phase === "running"}
            onClick={() => void checkup.run()}
            data-testid="start-check"
          >
            {state.phase === "done" ? "Check again" : "Start the check"}
          </Button>
          {state.phase === "done" && <CopyReport state={state} />}
        </p>
        <Outcome state={state} />
        {state.findings.length > 0 && (
          <Card className="check-list">
            <ul>
              {state.findings.map((finding) => (
                <Line key={finding.id} finding={finding} />
              ))}
            </ul>
          </Card>
        )}
      </div>
    </AppShell>
  );
}

function Outcome({ state }: { state: CheckState }) {
  const outcome = state.phase === "done" ? verdict(state.findings) : null;
  return (
    <div role="status" aria-live="polite">
      {state.phase === "running" && (
        <p className="check-doing">
          <Spinner size={16} />
          {state.doing}
        </p>
      )}
      {outcome && (
        <p className={`check-verdict check-${outcome}`} data-testid="verdict" data-state={outcome}>
          <Icon name={ICONS[outcome]} size={22} />
          {VERDICTS[outcome]}
        </p>
      )}
    </div>
  );
}

function Line({ finding }: { finding: Finding }) {
  const { id, title, state, meaning, cure, details } = finding;
  return (
    <li className={`check-line check-${state}`} data-testid={`finding-${id}`} data-state={state}>
      <span className="check-mark">
        <Icon name={ICONS[state]} size={18} />
      </span>
      <div>
        <h2>
          {title}
          <span className="check-state">{stateWord(state)}</span>
        </h2>
        <p>{meaning}</p>
        {cure && <p className="check-cure">{cure}</p>}
        {details && <p className="check-details numbers">{details}</p>}
      </div>
    </li>
  );
}

function CopyReport({ state }: { state: CheckState }) {
  const toast = useToast();
  const [text, setText] = useState("");
  const copy = async () => {
    const written = report(state.findings, {
      Server: window.location.origin,
      Time: new Date().toISOString(),
      Browser: navigator.userAgent,
      "Seen by the server as": state.visitor || "not known",
    });
    if (await copyText(written)) toast("The report was copied.");
    else setText(written);
  };
  return (
    <>
      <Button size="large" icon="copy" onClick={() => void copy()} data-testid="copy-report">
        Copy the report
      </Button>
      {text && (
        <textarea
          className="check-report"
          readOnly
          rows={8}
          value={text}
          aria-label="The report, to be copied"
        />
      )}
    </>
  );
}
