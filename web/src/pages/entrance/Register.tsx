import { useState } from "react";
import { Link, Redirect } from "wouter";
import type { Role } from "../../api/accounts";
import { confirmsByMail } from "../../api/server";
import { ButtonLink } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { SelectField } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { useForm } from "../../hooks/useForm";
import { useTitle } from "../../hooks/useTitle";
import { serverOf, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import { Entrance } from "./Entrance";
import { PERSON_FIELDS, PersonFields } from "./PersonFields";
import { ResendMail } from "./ResendMail";

const FIELDS = [...PERSON_FIELDS, "role"];

/** What people may ask for here; administrators are made by administrators. */
const WISHES: readonly [role: Role, label: string][] = [
  ["student", "Student"],
  ["teacher", "Teacher"],
  ["assistant", "Assistant"],
];

/** What an account just made waits for. */
interface Made {
  email: string;
  message: string;
  byMail: boolean;
}

export function Register() {
  useTitle("Register");
  const { state } = useSession();
  const [made, setMade] = useState<Made | null>(null);
  if (state.phase === "ready") return <Redirect to="/" replace />;
  if (made?.byMail) return <CheckMail email={made.email} message={made.message} />;
  if (made) {
    return (
      <Entrance title="Register" lead="Your account was made." news>
        <EmptyState
          icon="check"
          title="Almost there"
          action={<ButtonLink href="/sign-in">Sign in</ButtonLink>}
        >
          {made.message}
        </EmptyState>
      </Entrance>
    );
  }
  return serverOf(state)?.registration ? <Form onMade={setMade} /> : <Closed />;
}

function Closed() {
  return (
    <Entrance
      title="Register"
      lead="Accounts on this server are made by its admins."
      foot={
        <>
          Have an account? <Link href="/sign-in">Sign in</Link>
        </>
      }
    >
      <div data-testid="registration-closed">
        <EmptyState icon="user" title="Ask for an account">
          The people who run this server can make one for you, or send you an invitation.
        </EmptyState>
      </div>
    </Entrance>
  );
}

function Form({ onMade }: { onMade: (made: Made) => void }) {
  const { api, state, reload } = useSession();
  const toast = useToast();
  const byMail = confirmsByMail(serverOf(state));
  const form = useForm(FIELDS, async ({ email = "", password = "", full_name = "", role = "student" }) => {
    const address = email.trim();
    const answer = await api.accounts.register({
      email: address,
      password,
      full_name: full_name.trim(),
      role: role as Role,
    });
    const message = answer.message ?? "You can sign in once your account is approved.";
    if (byMail) return onMade({ email: address, message, byMail });
    try {
      await api.accounts.login(address, password);
      toast(message);
      await reload();
    } catch {
      onMade({ email: address, message, byMail });
    }
  });
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
      <form className="form" onSubmit={form.onSubmit}>
        <FormTrouble form={form} />
        <PersonFields errors={form.fields} />
        <SelectField
          label="You are a"
          name="role"
          defaultValue="student"
          hint={
            byMail
              ? "Teachers and assistants are looked at by an administrator; students are in at once."
              : "An administrator looks at it before you can enter rooms."
          }
          error={form.fields.role}
          data-testid="wished-role"
        >
          {WISHES.map(([role, label]) => (
            <option key={role} value={role}>
              {label}
            </option>
          ))}
        </SelectField>
        <Submit form={form} wide data-testid="register">
          Register
        </Submit>
      </form>
    </Entrance>
  );
}

function CheckMail({ email, message }: { email: string; message: string }) {
  useTitle("Check your mail");
  return (
    <Entrance
      title="Check your mail"
      news
      lead={`We sent a link to ${email}.`}
      foot={
        <>
          Confirmed it? <Link href="/sign-in">Sign in</Link>
        </>
      }
    >
      <div data-testid="check-mail">
        <EmptyState icon="mail" title="Open the link in it" action={<ResendMail email={email} justSent />}>
          {message} Nothing there after some minutes? Look into the folder for spam, or send it again.
        </EmptyState>
      </div>
    </Entrance>
  );
}
