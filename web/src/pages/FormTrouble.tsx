import { Notice } from "../design/Notice";
import { clock } from "../format";
import type { FormState } from "../hooks/useForm";

/** What went wrong with a form as a whole; after too many tries, how long to wait. */
export function FormTrouble({ form }: { form: Pick<FormState, "error" | "wait_s"> }) {
  if (form.wait_s > 0) {
    return (
      <Notice tone="wrong" title="Too many tries" testId="throttled">
        {form.error}
        {/* The words above are read out once; a countdown would be read out every second. */}
        <span className="countdown numbers" aria-hidden="true">
          {" "}
          Again in {clock(form.wait_s)}.
        </span>
      </Notice>
    );
  }
  if (!form.error) return null;
  return (
    <Notice tone="wrong" testId="form-error">
      {form.error}
    </Notice>
  );
}
