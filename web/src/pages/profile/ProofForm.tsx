import type { User } from "../../api/accounts";
import { ApiError } from "../../api/problem";
import { useForm } from "../../hooks/useForm";
import { FormEnds } from "../Submit";
import { ProofField, ProofTrouble } from "./Proof";

/** Whether the server wants to know once more who asks: of a request without a password, long after sign-in. */
export const wantsProof = (problem: unknown): boolean =>
  problem instanceof ApiError && ["reauth_required", "wrong_password"].includes(problem.code);

/** Asks for the password before something is done that was refused without it. */
export function ProofForm({
  user,
  yes,
  send,
  onCancel,
}: {
  user: User;
  yes: string;
  send: (password: string | undefined) => Promise<void>;
  onCancel: () => void;
}) {
  const form = useForm(["password"], ({ password }) => send(password));
  return (
    <form className="form" onSubmit={form.onSubmit}>
      <p className="soft">You signed in a while ago: say once more that it is you.</p>
      <ProofTrouble form={form} />
      <ProofField user={user} form={form} autoFocus />
      <FormEnds form={form} onCancel={onCancel} data-testid="prove">
        {yes}
      </FormEnds>
    </form>
  );
}
