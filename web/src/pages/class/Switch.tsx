/** Something that is on or off, with the words for it. */
import { useId } from "react";
import "./Switch.css";

interface SwitchProps {
  label: string;
  hint?: string;
  on: boolean;
  disabled?: boolean;
  onChange: (on: boolean) => void;
  testId?: string;
}

export function Switch({ label, hint, on, disabled, onChange, testId }: SwitchProps) {
  const id = useId();
  return (
    <div className="switch">
      <span className="switch-words">
        <span id={id}>{label}</span>
        {hint && (
          <span className="field-hint" id={`${id}-hint`}>
            {hint}
          </span>
        )}
      </span>
      <button
        type="button"
        role="switch"
        className="switch-knob"
        aria-checked={on}
        aria-labelledby={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        disabled={disabled}
        onClick={() => onChange(!on)}
        data-testid={testId}
      />
    </div>
  );
}
