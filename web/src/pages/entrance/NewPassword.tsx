import { useEffect, useRef, useState } from "react";
import { PasswordField } from "../../design/Field";
import { Icon } from "../../design/Icon";
import { serverOf, useSession } from "../../session/Session";
import "./NewPassword.css";
import { lookAt, type PasswordView } from "./password_strength";

const DEFAULT_MIN_LENGTH = 8;
const WORDS: Readonly<Record<PasswordView["strength"], string>> = {
  none: "",
  weak: "Weak",
  fair: "Fair",
  good: "Good",
  strong: "Strong",
};

/** A password that somebody chooses, told while it is typed how good it is. Pasting and managers are welcome. */
export function NewPassword({
  label = "Password",
  name = "password",
  error,
  autoFocus,
}: {
  label?: string;
  name?: string;
  error?: string | undefined;
  autoFocus?: boolean;
}) {
  const { state } = useSession();
  const min_length = serverOf(state)?.password_min_length ?? DEFAULT_MIN_LENGTH;
  const [typed, setTyped] = useState("");
  const latest = useRef("");
  // What the server has refused is not good, however long: it knows the common ones.
  const [refused, setRefused] = useState<string | null>(null);
  useEffect(() => setRefused(error ? latest.current : null), [error]);
  const seen = lookAt(typed, min_length);
  const view: PasswordView = typed !== "" && typed === refused ? { ...seen, strength: "weak" } : seen;
  return (
    <PasswordField
      label={label}
      name={name}
      autoComplete="new-password"
      required
      minLength={min_length}
      autoFocus={autoFocus}
      onChange={(event) => {
        latest.current = event.target.value;
        setTyped(event.target.value);
      }}
      error={error}
      hint={<Strength view={view} min_length={min_length} />}
      data-testid={name === "new_password" ? "new-password" : "password"}
    />
  );
}

function Strength({ view, min_length }: { view: PasswordView; min_length: number }) {
  return (
    <div className="strength">
      <div className="strength-bar" data-strength={view.strength} aria-hidden="true">
        <span />
        <span />
        <span />
        <span />
      </div>
      <span role="status" data-testid="password-strength">
        {view.strength === "none" ? "A few words in a row make a good one." : WORDS[view.strength]}
      </span>
      <ul className="strength-rules">
        <Rule met={view.long_enough}>At least {min_length} characters</Rule>
        <Rule met={view.varied}>More than two different characters</Rule>
      </ul>
    </div>
  );
}

function Rule({ met, children }: { met: boolean; children: React.ReactNode }) {
  return (
    <li data-met={met}>
      <Icon name={met ? "check" : "dot"} size={14} />
      <span>
        {children}
        {met && <span className="visually-hidden"> (done)</span>}
      </span>
    </li>
  );
}
