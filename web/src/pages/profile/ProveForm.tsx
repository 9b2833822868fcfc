/** Asks once more who is asking, then does it. */
import type { User } from "../../api/accounts";
import { Button } from "../../design/Button";
import { DialogActions } from "../../design/Dialog";
import { useForm } from "../../hooks/useForm";
import { ProofField, ProofTrouble } from "./Proof";

export function ProveForm({
  user,
  about,
  action,
  send,
  onCancel,
}: {
  user: User;
  /** Why it is asked, in a sentence. */
  about: string;
  /** What the button says. */
  action: string;
  /** Gets the password; nothing of who has none. */
  send: (password?: string) => Promise<void>;
  onCancel: () => void;
}) {
  const form = useForm(["password"], ({ password }) => send(password));
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">{about}</p>
      <ProofTrouble form={form} />
      <ProofField user={user} form={form} autoFocus />
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button
          type="submit"
          tone="primary"
          busy={form.busy}
          disabled={form.wait_s > 0}
          data-testid="prove-and-go-on"
        >
          {action}
        </Button>
      </DialogActions>
    </form>
  );
}
