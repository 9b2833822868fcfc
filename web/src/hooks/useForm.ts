/** One form being sent: busy, refused, what is wrong with which field, and how long to wait after too many tries. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError, sentence } from "../api/problem";
import { useSecondsLeft } from "./useSecondsLeft";

export interface FormState {
  busy: boolean;
  /** What went wrong as a whole; null when every error belongs to a field. */
  error: string | null;
  /** The server's word for it. */
  code: string;
  /** Seconds until the server takes another try; 0 when it takes one now. */
  wait_s: number;
  fields: Readonly<Record<string, string>>;
  onSubmit: (event: FormEvent<HTMLFormElement>) => void;
  /** Forgets what went wrong. */
  clear: () => void;
}

/** A form's text fields by name. */
export const fieldsOf = (form: HTMLFormElement): Record<string, string> =>
  Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));

/** `send` gets the form's text fields by name; `known` names the fields that can show their own error. */
export function useForm(
  known: readonly string[],
  send: (values: Record<string, string>) => Promise<void>,
): FormState {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [until_ms, setUntil] = useState(0);
  const wait_s = useSecondsLeft(until_ms);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (failure !== null) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [failure]);
  const fail = (problem: unknown) => {
    setFailure(problem);
    const throttled = problem instanceof ApiError && problem.status === 429 && problem.retryAfter_s;
    setUntil(throttled ? Date.now() + throttled * 1000 : 0);
  };
  const onSubmit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy || wait_s > 0) return;
    form.current = event.currentTarget;
    const values = fieldsOf(event.currentTarget);
    setBusy(true);
    setFailure(null);
    send(values)
      .catch(fail)
      .finally(() => setBusy(false));
  };
  const fields = failure instanceof ApiError ? failure.fields : {};
  const names = Object.keys(fields);
  const allShown = names.length > 0 && names.every((name) => known.includes(name));
  return {
    busy,
    fields,
    onSubmit,
    wait_s,
    code: failure instanceof ApiError ? failure.code : "",
    error: failure === null || allShown ? null : sentence(failure),
    clear: () => setFailure(null),
  };
}
