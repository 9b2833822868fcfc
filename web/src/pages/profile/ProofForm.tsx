import type { User } from "../../api/accounts";
import { ApiError } from "../../api/problem";
import { useForm } from "../../hooks/useForm";
import { FormEnds } from "../Submit";
import { ProofField, ProofTrouble } from "./Proof";

/** Whether the server wants to know once more who asks: of a request without a password. */
export const wantsProof = (problem: unknown): boolean =>
  problem instanceof ApiError && ["reauth_required", "wrong_password"].includes(problem.code);

/** Asks once more who is asking, then does what they wanted. */
export function ProofForm({
  user,
  about = "This matters: say once more that it is you.",
  yes,
  send,
  onCancel,
}: {
  user: User;
  /** Why it is asked, in a sentence. */
  about?: string;
  /** What the button says. */
  yes: string;
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
      <FormEnds form={form} onCancel={onCancel} data-testid="prove">
        {yes}
      </FormEnds>
    </form>
  );
}
