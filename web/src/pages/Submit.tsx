import type { ComponentProps } from "react";
import { Button } from "../design/Button";
import { DialogActions } from "../design/Dialog";
import type { FormState } from "../hooks/useForm";

type SubmitProps = Omit<ComponentProps<typeof Button>, "form"> & { form: Pick<FormState, "busy" | "wait_s"> };

/** The button that sends a form: busy meanwhile, and off as long as another try must wait. */
export function Submit({ form, disabled = false, ...button }: SubmitProps) {
  return (
    <Button
      type="submit"
      tone="primary"
      {...button}
      busy={form.busy}
      disabled={disabled || form.wait_s > 0}
    />
  );
}

/** How a form in a dialog ends: left as it is, or sent. */
export function FormEnds({
  onCancel,
  cancel = "Cancel",
  ...submit
}: SubmitProps & { onCancel: () => void; cancel?: string }) {
  return (
    <DialogActions>
      <Button onClick={onCancel}>{cancel}</Button>
      <Submit {...submit} />
    </DialogActions>
  );
}
