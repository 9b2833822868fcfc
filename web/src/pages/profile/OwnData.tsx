/** What the server holds of the person: to take along, and to have erased. */
import { useState } from "react";
import type { User } from "../../api/accounts";
import { Button } from "../../design/Button";
import { Card } from "../../design/Card";
import { Dialog } from "../../design/Dialog";
import { Field } from "../../design/Field";
import { useToast } from "../../design/Toast";
import { useForm } from "../../hooks/useForm";
import { useApi, useSession } from "../../session/Session";
import { CodeField, plainCode } from "../entrance/CodeField";
import { FormEnds } from "../Submit";
import { saveFile } from "../save_file";
import { erasureWords } from "./erasure";
import { ProofField, ProofTrouble } from "./Proof";
import { ProofForm } from "./ProofForm";

export function OwnData({ user }: { user: User }) {
  const { accounts } = useApi();
  const [asked, setAsked] = useState<"export" | "delete" | null>(null);
  const close = () => setAsked(null);
  const take = async (password?: string) => {
    saveFile(await accounts.exportOwn(password), "vtp-my-data.zip");
    close();
  };
  return (
    <Card>
      <div className="form">
        <h2>Your data</h2>
        <p className="soft">
          What this server has written down of you, and your picture, as one file. Files that you uploaded or
          handed in are named in it: download them in their courses. Recordings are not in it.
        </p>
        <div className="button-row">
          <Button icon="download" onClick={() => setAsked("export")} data-testid="export-own">
            Download my data
          </Button>
          <Button icon="trash" tone="quiet" onClick={() => setAsked("delete")} data-testid="delete-account">
            Delete my account
          </Button>
        </div>
      </div>
      <Dialog title="Download your data" open={asked === "export"} onClose={close}>
        <ProofForm
          user={user}
          about="Whoever has this file knows you well: say once more that it is you."
          yes="Download"
          send={take}
          onCancel={close}
        />
      </Dialog>
      <Dialog title="Delete your account?" open={asked === "delete"} onClose={close}>
        <DeleteForm user={user} onCancel={close} />
      </Dialog>
    </Card>
  );
}

function DeleteForm({ user, onCancel }: { user: User; onCancel: () => void }) {
  const { accounts } = useApi();
  const { reload } = useSession();
  const toast = useToast();
  const [typed, setTyped] = useState("");
  const form = useForm(["password", "totp"], async ({ password, totp }) => {
    await accounts.deleteAccount({
      ...(password && { password }),
      ...(totp && { totp: plainCode(totp) }),
    });
    toast("Your account was deleted.");
    await reload();
  });
  const { goes, stays } = erasureWords(true);
  const wrongCode = form.code === "totp_wrong" && form.error ? form.error : form.fields.totp;
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">{goes}</p>
      <p className="soft">{stays}</p>
      <p className="soft">This cannot be undone: download your data first if you want to keep it.</p>
      <ProofTrouble form={form} />
      <Field
        label={`Type ${user.email} to go on`}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        data-testid="typed-email"
      />
      <ProofField user={user} form={form} />
      {user.totp_enabled && <CodeField autoFocus={false} error={wrongCode} />}
      <FormEnds
        form={form}
        onCancel={onCancel}
        tone="danger"
        disabled={typed.trim().toLowerCase() !== user.email}
        data-testid="confirm-delete"
      >
        Delete my account
      </FormEnds>
    </form>
  );
}
