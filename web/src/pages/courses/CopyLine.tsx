import { useId } from "react";
import { Button } from "../../design/Button";
import { OnlyHere } from "../OnlyHere";
import { useCopyLink } from "../useCopyLink";

/** Something to pass on, in a field that can be selected, with a button that copies it. */
export function CopyLine({
  label,
  value,
  hint,
  testId,
}: {
  label: string;
  value: string;
  hint?: string;
  testId: string;
}) {
  const copy = useCopyLink();
  const id = useId();
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <div className="link-pass">
        <input
          id={id}
          className="field-input"
          readOnly
          value={value}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onFocus={(event) => event.target.select()}
          data-testid={testId}
        />
        <Button icon="copy" onClick={() => void copy(value, label)}>
          Copy
        </Button>
      </div>
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <OnlyHere link={value} />
    </div>
  );
}
