import { useState } from "react";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";

/**
 * A code of the second factor: six digits of the app, which the browser may fill in, or one of the codes that
 * were saved when the second factor was switched on. The form finds either as `totp`.
 */
export function CodeField({
  error,
  autoFocus,
  label = "Code of your authenticator app",
  backup = true,
}: {
  error?: string | undefined;
  autoFocus?: boolean;
  label?: string;
  /** Whether a backup code does as well. */
  backup?: boolean;
}) {
  const [saved, setSaved] = useState(false);
  // What was wrong with the one says nothing of the other.
  const [before, setBefore] = useState<string>();
  const wrong = error === before ? undefined : error;
  if (before && !error) setBefore(undefined);
  const swap = () => {
    setBefore(error);
    setSaved(!saved);
  };
  return (
    <>
      {saved ? (
        <Field
          key="saved"
          label="Backup code"
          name="totp"
          className="field-code"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          placeholder="xxxx-xxxx-xx"
          maxLength={20}
          hint="One of the ten that you saved. Each is good once."
          error={wrong}
          data-testid="backup-code"
        />
      ) : (
        <Field
          key="app"
          label={label}
          name="totp"
          className="field-code"
          autoComplete="one-time-code"
          inputMode="numeric"
          pattern="\s*[0-9]{3}\s?[0-9]{3}\s*"
          title="A code has six digits."
          required
          autoFocus={autoFocus || backup}
          placeholder="123456"
          maxLength={9}
          error={wrong}
          data-testid="totp"
        />
      )}
      {backup && (
        <p className="code-other">
          <Button size="small" tone="quiet" onClick={swap} data-testid="other-code">
            {saved ? "Use the app instead" : "Use a backup code instead"}
          </Button>
        </p>
      )}
    </>
  );
}

/** A code as the server takes it: what people put between the digits for reading is left out. */
export const plainCode = (code: string | undefined): string => (code ?? "").replace(/\s+/g, "");
