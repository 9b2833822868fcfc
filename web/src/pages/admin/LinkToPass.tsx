import { useId } from "react";
import { Button } from "../../design/Button";
import { OnlyHere } from "../OnlyHere";
import { useCopyLink } from "../useCopyLink";

/** A link that an administrator passes on by hand, because the server sends no mail. */
export function LinkToPass({ link, label = "Link to pass on" }: { link: string; label?: string }) {
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
          value={link}
          onFocus={(event) => event.target.select()}
          data-testid="link-to-pass"
        />
        <Button icon="copy" onClick={() => void copy(link)} data-testid="copy-link">
          Copy
        </Button>
      </div>
      <p className="field-hint">It is good once, and only for this person: pass it on in private.</p>
      <OnlyHere link={link} />
    </div>
  );
}
