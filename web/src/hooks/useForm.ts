/** One form being sent: busy, refused, and what is wrong with which field. */
import { type FormEvent, useState } from "react";
import { ApiError, sentence } from "../api/problem";

export interface FormState {
  busy: boolean;
  /** What went wrong as a whole; null when every error belongs to a field. */
  error: string | null;
  fields: Readonly<Record<string, string>>;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
}

/** `send` gets the form's text fields by name; `known` names the fields that can show their own error. */
export function useForm(
  known: readonly string[],
  send: (values: Record<string, string>) => Promise<void>,
): FormState {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    const values = Object.fromEntries([...new FormData(event.currentTarget)].map(([k, v]) => [k, String(v)]));
    setBusy(true);
    setFailure(null);
    send(values)
      .catch(setFailure)
      .finally(() => setBusy(false));
  };
  const fields = failure instanceof ApiError ? failure.fields : {};
  const names = Object.keys(fields);
  const allShown = names.length > 0 && names.every((name) => known.includes(name));
  return { busy, fields, onSubmit, error: failure === null || allShown ? null : sentence(failure) };
}
