/** Backup codes as they are told, once: to copy, to keep as a file, to print. */
import { useEffect, useRef } from "react";
import { Button } from "../../design/Button";
import { useToast } from "../../design/Toast";
import { copyText } from "../links";
import { saveText } from "../save_file";

/** The codes with what they are for, as a file or on paper. */
export function codesAsText(codes: readonly string[], email: string, host: string): string {
  return `Backup codes of ${email} at ${host}\nEach is good once, in place of a code of the app.\n\n${codes.join("\n")}\n`;
}

export function BackupCodes({
  codes,
  email,
  onSaved,
}: {
  codes: readonly string[];
  email: string;
  onSaved: () => void;
}) {
  const toast = useToast();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const text = codesAsText(codes, email, window.location.host);
  const copy = async () => {
    const done = await copyText(text);
    toast(done ? "The codes were copied." : "The codes could not be copied.", done ? {} : { tone: "wrong" });
  };
  return (
    <div className="codes" data-testid="backup-codes">
      <h3 ref={heading} tabIndex={-1}>
        Save your backup codes
      </h3>
      <p>
        They let you in when your phone is not at hand. Each is good once. They are shown now and never again.
      </p>
      <p className="codes-for">
        {email}, {window.location.host}
      </p>
      <ul className="codes-list numbers">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <div className="codes-actions">
        <Button size="small" icon="copy" onClick={() => void copy()}>
          Copy
        </Button>
        <Button
          size="small"
          icon="download"
          onClick={() => saveText(text, "vtp-backup-codes.txt")}
          data-testid="download-codes"
        >
          Download
        </Button>
        <Button size="small" icon="print" onClick={() => window.print()}>
          Print
        </Button>
        <Button size="small" tone="primary" icon="check" onClick={onSaved} data-testid="codes-saved">
          I have saved them
        </Button>
      </div>
    </div>
  );
}
