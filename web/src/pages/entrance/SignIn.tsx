import { useCallback, useEffect, useState } from "react";
import { Link, Redirect, useSearchParams } from "wouter";
import { type Provider, providerStart } from "../../api/identities";
import { ApiError } from "../../api/problem";
import { Button, ButtonAnchor } from "../../design/Button";
import { PasswordField } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { useForm } from "../../hooks/useForm";
import { useLoaded } from "../../hooks/useLoaded";
import { useTitle } from "../../hooks/useTitle";
import { serverOf, useApi, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import { CodeField, plainCode } from "./CodeField";
import { EmailField } from "./EmailField";
import { Entrance } from "./Entrance";
import { signInError } from "./sign_in_errors";

/** Only paths of our own: a link must not be able to send people elsewhere after sign-in. */
export function safePath(next: string | null): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/";
}

/** A sign-in that is right so far and asks for a second factor; `send` ends it with a code. */
interface Waiting {
  who: string;
  send: (code: string) => Promise<void>;
}

export function SignIn() {
  useTitle("Sign in");
  const { state } = useSession();
  const [query] = useSearchParams();
  const [waiting, setWaiting] = useState<Waiting | null>(null);
  const ticket = useTicket();
  const next = safePath(query.get("next") ?? ticket?.return_to ?? null);
  if (state.phase === "ready") return <Redirect to={next} replace />;
  const step = waiting ?? ticket?.waiting;
  if (step) {
    const back = () => {
      setWaiting(null);
      ticket?.forget();
    };
    return <SecondStep waiting={step} onBack={back} />;
  }
  return (
    <Entrance
      title="Sign in"
      lead="Live classes, recorded and played back."
      foot={
        serverOf(state)?.registration && (
          <>
            No account yet? <Link href="/register">Register</Link>
          </>
        )
      }
    >
      <div className="form">
        <FirstStep refusal={signInError(query.get("error"))} onSecond={setWaiting} />
        <Providers next={next} anew={query.has("anew")} />
      </div>
    </Entrance>
  );
}

/** A sign-in through a provider that came back to be ended with a code; taken out of the address bar. */
function useTicket() {
  const { identities } = useApi();
  const [query, setQuery] = useSearchParams();
  const [ticket, setTicket] = useState(() => query.get("second_factor"));
  const [return_to] = useState(() => query.get("return_to"));
  useEffect(() => {
    if (query.has("second_factor")) setQuery(new URLSearchParams(), { replace: true });
  }, [query, setQuery]);
  if (!ticket) return null;
  const send = (code: string) => identities.confirm(ticket, code);
  return { return_to, waiting: { who: "Your account", send }, forget: () => setTicket(null) };
}

function FirstStep({ refusal, onSecond }: { refusal: string | null; onSecond: (waiting: Waiting) => void }) {
  const { api, reload } = useSession();
  const form = useForm(["email", "password"], async ({ email = "", password = "" }) => {
    const send = (code?: string) => api.accounts.login(email.trim(), password, code);
    try {
      await send();
      await reload();
    } catch (problem) {
      if (!(problem instanceof ApiError && problem.code === "totp_required")) throw problem;
      onSecond({ who: email.trim(), send });
    }
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      {refusal && !form.error && (
        <Notice tone="wrong" testId="sign-in-error">
          {refusal}
        </Notice>
      )}
      <FormTrouble form={form} />
      <EmailField autoFocus error={form.fields.email} />
      <PasswordField
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        error={form.fields.password}
        data-testid="password"
      />
      <Submit form={form} wide data-testid="sign-in">
        Sign in
      </Submit>
      <p className="entrance-aside">
        <Link href="/forgot" data-testid="forgot">
          Forgotten password?
        </Link>
      </p>
    </form>
  );
}

function SecondStep({ waiting, onBack }: { waiting: Waiting; onBack: () => void }) {
  const { reload } = useSession();
  const form = useForm(["totp"], async ({ totp }) => {
    await waiting.send(plainCode(totp));
    await reload();
  });
  const wrong = form.code === "totp_wrong" && form.error ? form.error : form.fields.totp;
  return (
    <Entrance
      title="One more step"
      lead={`${waiting.who} is protected by a second factor.`}
      foot={
        <Button size="small" tone="quiet" icon="back" onClick={onBack}>
          Sign in as somebody else
        </Button>
      }
    >
      <form className="form" onSubmit={form.onSubmit}>
        {form.code !== "totp_wrong" && <FormTrouble form={form} />}
        <CodeField autoFocus error={wrong} />
        <Submit form={form} wide data-testid="send-code">
          Sign in
        </Submit>
        <p className="soft entrance-small">
          No phone and no backup code left? Ask an administrator to take the second factor off your account.
        </p>
      </form>
    </Entrance>
  );
}

const NONE: Provider[] = [];

function Providers({ next, anew }: { next: string; anew: boolean }) {
  const { identities } = useApi();
  const load = useCallback(() => identities.providers().catch(() => NONE), [identities]);
  const { data } = useLoaded(load);
  if (!data?.length) return null;
  return (
    <div className="form" data-testid="providers">
      <p className="entrance-or">or</p>
      {data.map(({ name, title }) => (
        <ButtonAnchor
          key={name}
          href={providerStart(name, next, anew)}
          icon="key"
          wide
          testId={`provider-${name}`}
        >
          Sign in with {title}
        </ButtonAnchor>
      ))}
    </div>
  );
}
