import { Link, Redirect, useSearchParams } from "wouter";
import { Button } from "../../design/Button";
import { Field } from "../../design/Field";
import { Notice } from "../../design/Notice";
import { useForm } from "../../hooks/useForm";
import { useTitle } from "../../hooks/useTitle";
import { useSession } from "../../session/Session";
import { Entrance } from "./Entrance";

/** Only paths of our own: a link must not be able to send people elsewhere after sign-in. */
function safePath(next: string | null): string {
  return next?.startsWith("/") && !next.startsWith("//") && !next.includes("\\") ? next : "/";
}

export function SignIn() {
  useTitle("Sign in");
  const { api, state, reload } = useSession();
  const [query] = useSearchParams();
  const form = useForm(["email", "password"], async ({ email = "", password = "" }) => {
    await api.accounts.login(email.trim(), password);
    await reload();
  });
  if (state.phase === "ready") return <Redirect to={safePath(query.get("next"))} replace />;
  const mayRegister = state.phase === "signed-out" && state.server.registration;
  return (
    <Entrance
      title="Sign in"
      lead="Live classes, recorded and played back."
      foot={
        mayRegister && (
          <>
            No account yet? <Link href="/register">Register</Link>
          </>
        )
      }
    >
      <form className="form" onSubmit={form.onSubmit}>
        {form.error && <Notice tone="wrong">{form.error}</Notice>}
        <Field
          label="Email"
          name="email"
          type="email"
          autoComplete="username"
          required
          autoFocus
          error={form.fields.email}
          data-testid="email"
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          error={form.fields.password}
          data-testid="password"
        />
        <Button type="submit" tone="primary" wide busy={form.busy} data-testid="sign-in">
          Sign in
        </Button>
      </form>
    </Entrance>
  );
}
