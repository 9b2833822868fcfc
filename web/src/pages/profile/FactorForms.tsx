/** What is asked to switch the second factor on or off, and for new backup codes. */
import { useState } from "react";
import type { User } from "../../api/accounts";
import type { FactorSetup } from "../../api/second_factor";
import { Button } from "../../design/Button";
import { useToast } from "../../design/Toast";
import { type FormState, useForm } from "../../hooks/useForm";
import { useApi } from "../../session/Session";
import { CodeField, plainCode } from "../entrance/CodeField";
import { FormTrouble } from "../FormTrouble";
import { copyText } from "../links";
import { FormEnds } from "../Submit";
import { ProofField, ProofTrouble } from "./Proof";

interface Ends<T> {
  onDone: (result: T) => void;
  onCancel: () => void;
}

/** The server's words for a wrong code belong beside its field. */
const codeError = (form: FormState): string | undefined =>
  form.fields.totp ??
  form.fields.code ??
  (form.code === "totp_wrong" ? (form.error ?? undefined) : undefined);

export function FactorOn({ user, ...ends }: { user: User } & Ends<string[]>) {
  const [setup, setSetup] = useState<FactorSetup | null>(null);
  return setup ? (
    <Scan setup={setup} {...ends} />
  ) : (
    <Prove user={user} onDone={setSetup} onCancel={ends.onCancel} />
  );
}

function Prove({ user, onDone, onCancel }: { user: User } & Ends<FactorSetup>) {
  const { factor } = useApi();
  const form = useForm(["password"], async ({ password }) => onDone(await factor.setUp(password)));
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">
        You need an app that makes codes, such as Google Authenticator, Aegis, 2FAS or a password manager.
      </p>
      <ProofTrouble form={form} />
      <ProofField user={user} form={form} autoFocus />
      <FormEnds
        form={form}
        onCancel={onCancel}
        autoFocus={user.has_password === false}
        data-testid="factor-continue"
      >
        Continue
      </FormEnds>
    </form>
  );
}

/** The secret in groups of four, as people type it. */
export const grouped = (secret: string): string => secret.match(/.{1,4}/g)?.join(" ") ?? "";

function Scan({ setup, onDone, onCancel }: { setup: FactorSetup } & Ends<string[]>) {
  const { factor } = useApi();
  const toast = useToast();
  const form = useForm(["totp", "code"], async ({ totp }) => onDone(await factor.enable(plainCode(totp))));
  const copy = async () => {
    const done = await copyText(setup.secret);
    toast(done ? "The key was copied." : "The key could not be copied.", done ? {} : { tone: "wrong" });
  };
  return (
    <form className="form" onSubmit={form.onSubmit}>
      {form.code !== "totp_wrong" && <FormTrouble form={form} />}
      <ol className="factor-steps">
        <li>
          Scan this with your app.
          <img
            className="factor-qr"
            src={`data:image/svg+xml,${encodeURIComponent(setup.qr_svg)}`}
            alt="QR code for your authenticator app"
          />
          <p className="field-hint">
            On this very phone? <a href={setup.otpauth_uri}>Open your app</a>, or type the key:
          </p>
          <p className="factor-secret">
            <code data-testid="factor-secret">{grouped(setup.secret)}</code>
            <Button size="small" icon="copy" aria-label="Copy the key" onClick={() => void copy()}>
              Copy
            </Button>
          </p>
        </li>
        <li>
          Write the code that it shows.
          <CodeField label="Code" backup={false} autoFocus error={codeError(form)} />
        </li>
      </ol>
      <FormEnds form={form} onCancel={onCancel} data-testid="factor-enable">
        Switch on
      </FormEnds>
    </form>
  );
}

export function FactorOff({ user, onDone, onCancel }: { user: User } & Ends<void>) {
  const { factor } = useApi();
  const form = useForm(["totp", "code", "password"], async ({ totp, password }) => {
    await factor.disable(plainCode(totp), password);
    onDone();
  });
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">Your password alone lets in again then, and your backup codes are thrown away.</p>
      <ProofTrouble form={form} />
      <ProofField user={user} form={form} autoFocus />
      <CodeField autoFocus={false} error={codeError(form)} />
      <FormEnds form={form} onCancel={onCancel} tone="danger" data-testid="factor-disable">
        Switch off
      </FormEnds>
    </form>
  );
}

export function NewCodes({ onDone, onCancel }: Ends<string[]>) {
  const { factor } = useApi();
  const form = useForm(["totp", "code"], async ({ totp }) =>
    onDone(await factor.regenerate(plainCode(totp))),
  );
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">You get ten new ones. Those that you saved before are good no more.</p>
      {form.code !== "totp_wrong" && <FormTrouble form={form} />}
      <CodeField backup={false} autoFocus error={codeError(form)} />
      <FormEnds form={form} onCancel={onCancel} data-testid="renew-codes">
        Make new codes
      </FormEnds>
    </form>
  );
}
