/** Labelled inputs with a hint, and an error that is read out. */
import {
  type ComponentPropsWithRef,
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
  useState,
} from "react";
import { bytes } from "../format";
import { IconButton } from "./Button";
import "./Field.css";
import { Icon } from "./Icon";
import { useValidity } from "./validity";

interface FieldFrame {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

function describedBy(id: string, { hint, error }: FieldFrame, besides?: string): string | undefined {
  const ids = [besides, error && `${id}-error`, hint && `${id}-hint`].filter(Boolean);
  return ids.length > 0 ? ids.join(" ") : undefined;
}

function Frame({ id, label, hint, error, children }: FieldFrame & { id: string; children: ReactNode }) {
  return (
    <div className={error ? "field field-wrong" : "field"}>
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      {children}
      {error && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {hint && (
        <div className="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
    </div>
  );
}

/** A one-line text input. */
export function Field({ label, hint, error, ...input }: FieldFrame & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const { wrong, ...heard } = useValidity(error);
  return (
    <Frame id={id} label={label} hint={hint} error={wrong}>
      <input
        {...input}
        {...heard}
        id={id}
        className={`field-input ${input.className ?? ""}`.trim()}
        aria-invalid={wrong ? true : undefined}
        aria-describedby={describedBy(id, { label, hint, error: wrong }, input["aria-describedby"])}
      />
    </Frame>
  );
}

/** A password, which can be looked at while it is typed. */
export function PasswordField({
  label,
  hint,
  error,
  ...input
}: FieldFrame & Omit<InputHTMLAttributes<HTMLInputElement>, "type">) {
  const id = useId();
  const { wrong, ...heard } = useValidity(error);
  const [shown, setShown] = useState(false);
  return (
    <Frame id={id} label={label} hint={hint} error={wrong}>
      <span className="field-password">
        <input
          {...input}
          {...heard}
          id={id}
          type={shown ? "text" : "password"}
          className="field-input"
          spellCheck={false}
          autoCapitalize="none"
          aria-invalid={wrong ? true : undefined}
          aria-describedby={describedBy(id, { label, hint, error: wrong })}
        />
        <IconButton
          icon={shown ? "eyeOff" : "eye"}
          label={shown ? `Hide: ${label}` : `Show: ${label}`}
          size="small"
          onClick={() => setShown(!shown)}
        />
      </span>
    </Frame>
  );
}

/** A choice from a short list. */
export function SelectField({
  label,
  hint,
  error,
  children,
  ...select
}: FieldFrame & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  const { wrong, ...heard } = useValidity(error);
  return (
    <Frame id={id} label={label} hint={hint} error={wrong}>
      <select
        {...select}
        {...heard}
        id={id}
        className="field-input field-select"
        aria-invalid={wrong ? true : undefined}
        aria-describedby={describedBy(id, { label, hint, error: wrong })}
      >
        {children}
      </select>
    </Frame>
  );
}

/** Text of several lines. */
export function TextField({
  label,
  hint,
  error,
  ...area
}: FieldFrame & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId();
  const { wrong, ...heard } = useValidity(error);
  return (
    <Frame id={id} label={label} hint={hint} error={wrong}>
      <textarea
        rows={4}
        {...area}
        {...heard}
        id={id}
        className="field-input field-text"
        aria-invalid={wrong ? true : undefined}
        aria-describedby={describedBy(id, { label, hint, error: wrong })}
      />
    </Frame>
  );
}

/** A file of one's own, chosen with a button like all others; beside it stands which is. */
export function FileField({
  label,
  hint,
  error,
  chosen,
  ...input
}: FieldFrame & { chosen: File | null } & Omit<ComponentPropsWithRef<"input">, "type" | "className">) {
  const id = useId();
  const { wrong, ...heard } = useValidity(error);
  return (
    <Frame id={id} label={label} hint={hint} error={wrong}>
      <div className="field-file">
        <input
          {...input}
          {...heard}
          id={id}
          type="file"
          className="visually-hidden"
          aria-invalid={wrong ? true : undefined}
          aria-describedby={describedBy(id, { label, hint, error: wrong })}
        />
        <label htmlFor={id} className="button button-plain button-medium">
          <Icon name="upload" size={18} />
          {chosen ? "Choose another" : "Choose a file"}
        </label>
        <span className="field-file-chosen">
          {chosen ? `${chosen.name}, ${bytes(chosen.size)}` : "None is chosen."}
        </span>
      </div>
    </Frame>
  );
}

/** Something to tick, with its words beside it. */
export function CheckField({
  label,
  hint,
  error,
  ...input
}: FieldFrame & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const { wrong, ...heard } = useValidity(error);
  return (
    <div className="field-check">
      <input
        {...input}
        {...heard}
        id={id}
        type="checkbox"
        aria-invalid={wrong ? true : undefined}
        aria-describedby={describedBy(id, { label, hint, error: wrong })}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        {wrong && (
          <p className="field-error" id={`${id}-error`} role="alert">
            {wrong}
          </p>
        )}
        {hint && (
          <p className="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
