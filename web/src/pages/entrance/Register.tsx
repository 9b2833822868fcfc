import { useState } from "react";
import { Link, Redirect } from "wouter";
import type { Role } from "../../api/accounts";
import { Button } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { SelectField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { useToast } from "../../design/Toast";
import { useForm } from "../../hooks/useForm";
import { useTitle } from "../../hooks/useTitle";
import { useSession } from "../../session/Session";
import { Entrance } from "./Entrance";
import { PERSON_FIELDS, PersonFields } from "./PersonFields";

const FIELDS = [...PERSON_FIELDS, "role"];

/** What people may ask for here; administrators are made by administrators. */
const WISHES: readonly [role: Role, label: string][] = [
  ["student", "Student"],
  ["teacher", "Teacher"],
  ["assistant", "Assistant"],
];

export function Register() {
  useTitle("Register");
  const { api, state, reload } = useSession();
  const toast = useToast();
  const [pending, setPending] = useState<string | null>(null);
  const form = useForm(FIELDS, async ({ email = "", password = "", full_name = "", role = "student" }) => {
    const answer = await api.accounts.register({
      email: email.trim(),
      password,
      full_name: full_name.trim(),
      role: role as Role,
    });
    try {
      await api.accounts.login(email.trim(), password);
      if (answer.message) toast(answer.message);
      await reload();
    } catch {
      setPending(answer.message ?? "Your account was made. You can sign in once it is approved.");
    }
  });
  if (state.phase === "ready") return <Redirect to="/" replace />;
  if (state.phase === "signed-out" && !state.server.registration) {
    return (
      <Entrance title="Register" lead="Accounts on this server are made by its admins.">
        <EmptyState icon="user" title="Ask for an account">
          The people who run this server can make one for you.
        </EmptyState>
      </Entrance>
    );
  }
  return (
    <Entrance
      title="Register"
      lead="An account to enter rooms and watch recordings."
      foot={
        <>
          Have an account? <Link href="/sign-in">Sign in</Link>
        </>
      }
    >
      {pending ? (
        <EmptyState icon="check" title="Almost there">
          {pending}
        </EmptyState>
      ) : (
        <form className="form" onSubmit={form.onSubmit}>
          {form.error && <Notice tone="wrong">{form.error}</Notice>}
          <PersonFields errors={form.fields} />
          <SelectField
            label="You are a"
            name="role"
            defaultValue="student"
            hint="An administrator looks at it before you can enter rooms."
            error={form.fields.role}
            data-testid="wished-role"
          >
            {WISHES.map(([role, label]) => (
              <option key={role} value={role}>
                {label}
              </option>
            ))}
          </SelectField>
          <Button type="submit" tone="primary" wide busy={form.busy} data-testid="register">
            Register
          </Button>
        </form>
      )}
    </Entrance>
  );
}
