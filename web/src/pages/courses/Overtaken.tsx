import { ApiError } from "../../api/problem";
import { Button } from "../../design/Button";
import { Notice } from "../../design/Notice";
import type { FormState } from "../../hooks/useForm";
import { FormTrouble } from "../FormTrouble";

const CODE = "precondition_failed";

/** Whether somebody else has changed it meanwhile. */
export const isOvertaken = (error: unknown): boolean => error instanceof ApiError && error.code === CODE;

/**
 * What went wrong with a form that edits something; when somebody else has changed the same meanwhile, the two ways
 * out: their version in the form, or one's own over theirs.
 */
export function EditTrouble({
  form,
  onTheirs,
  onMine,
}: {
  form: FormState;
  onTheirs: () => void;
  /** Called before the form is sent again, which then says no version. */
  onMine: () => void;
}) {
  if (form.code !== CODE) return <FormTrouble form={form} />;
  return <Overtaken sends busy={form.busy} onTheirs={onTheirs} onMine={onMine} />;
}

/** The two ways out of it; `sends`: one's own is sent with the form around it. */
export function Overtaken({
  sends = false,
  busy,
  onTheirs,
  onMine,
}: {
  sends?: boolean;
  busy: boolean;
  onTheirs: () => void;
  onMine: () => void;
}) {
  return (
    <Notice
      tone="wrong"
      title="Somebody else has changed this meanwhile"
      testId="overtaken"
      action={
        <>
          <Button size="small" onClick={onTheirs} data-testid="take-theirs">
            Show theirs
          </Button>
          <Button
            size="small"
            type={sends ? "submit" : "button"}
            busy={busy}
            onClick={onMine}
            data-testid="keep-mine"
          >
            Save mine
          </Button>
        </>
      }
    >
      “Show theirs” takes what you have typed here out of the form; “Save mine” replaces what they wrote.
    </Notice>
  );
}
