import { Field } from "../../design/Field";
import { EmailField } from "./EmailField";
import { NewPassword } from "./NewPassword";

export const PERSON_FIELDS = ["full_name", "email", "password"] as const;

/** Name, email and a new password, as every new account needs them. */
export function PersonFields({ errors }: { errors: Readonly<Record<string, string>> }) {
  return (
    <>
      <Field
        label="Full name"
        name="full_name"
        autoComplete="name"
        required
        maxLength={200}
        autoFocus
        error={errors.full_name}
        data-testid="full-name"
      />
      <EmailField error={errors.email} />
      <NewPassword error={errors.password} />
    </>
  );
}
