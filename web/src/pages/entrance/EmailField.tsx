import { Field } from "../../design/Field";

/** The address of the account, which password managers fill in. */
export function EmailField({ error, autoFocus }: { error: string | undefined; autoFocus?: boolean }) {
  return (
    <Field
      label="Email"
      name="email"
      type="email"
      autoComplete="username"
      required
      autoFocus={autoFocus}
      error={error}
      data-testid="email"
    />
  );
}
