import { useId } from "react";
import { Button } from "../../design/Button";
import { useToast } from "../../design/Toast";
import { copyText } from "../links";

/** A link that an administrator passes on by hand, because the server sends no mail. */
export function LinkToPass({ link, label = "Link to pass on" }: { link: string; label?: string }) {
  const toast = useToast();
  const id = useId();
  const copy = async () => {
    const done = await copyText(link);
    toast(done ? "Link copied." : "The link could not be copied.", done ? {} : { tone: "wrong" });
  };
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
        <Button icon="copy" onClick={() => void copy()} data-testid="copy-link">
          Copy
        </Button>
      </div>
      <p className="field-hint">It is good once, and only for this person: pass it on in private.</p>
    </div>
  );
}
