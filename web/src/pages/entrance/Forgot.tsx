import { useState } from "react";
import { Link } from "wouter";
import { Button } from "../../design/Button";
import { EmptyState } from "../../design/EmptyState";
import { useForm } from "../../hooks/useForm";
import { useTitle } from "../../hooks/useTitle";
import { serverOf, useSession } from "../../session/Session";
import { FormTrouble } from "../FormTrouble";
import { Submit } from "../Submit";
import { EmailField } from "./EmailField";
import { Entrance } from "./Entrance";

/** Asks for a link to choose a new password. The answer never tells whether an address has an account. */
export function Forgot() {
  useTitle("Forgotten password");
  const { api, state } = useSession();
  const [sent, setSent] = useState<string | null>(null);
  const form = useForm(["email"], async ({ email = "" }) => {
    await api.accounts.forgotPassword(email.trim());
    setSent(email.trim());
  });
  const byMail = serverOf(state)?.mail !== false;
  return (
    <Entrance
      title="Forgotten password"
      news={sent !== null}
      lead={
        byMail
          ? "We send you a link to choose a new one."
          : "An administrator gets a link for you to choose a new one."
      }
      foot={
        <>
          Remembered it? <Link href="/sign-in">Sign in</Link>
        </>
      }
    >
      {sent ? (
        <div data-testid="reset-sent">
          <EmptyState
            icon="mail"
            title={byMail ? "Check your mail" : "Ask an administrator"}
            action={
              <Button size="small" onClick={() => setSent(null)}>
                Another address
              </Button>
            }
          >
            {byMail
              ? `If ${sent} has an account here, a mail is on its way. Look into the spam folder too.`
              : `If ${sent} has an account here, an administrator has a link for it now: this server sends no mail.`}
          </EmptyState>
        </div>
      ) : (
        <form className="form" onSubmit={form.onSubmit}>
          <FormTrouble form={form} />
          <EmailField autoFocus error={form.fields.email} />
          <Submit form={form} wide data-testid="send-reset">
            {byMail ? "Send the link" : "Ask for the link"}
          </Submit>
        </form>
      )}
    </Entrance>
  );
}
