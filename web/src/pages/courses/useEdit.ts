/** One thing of a course being edited: read as it is now, sent with the version that was read. */
import { useCallback, useRef, useState } from "react";
import type { Versioned } from "../../api/courses";
import { type FormState, useForm } from "../../hooks/useForm";
import { useLoaded } from "../../hooks/useLoaded";

export interface Edited<T> {
  read: Versioned<T> | null;
  error: string | null;
  /** Another one with each version that was read: a form with this key shows what was read. */
  key: string;
  reload: () => Promise<void>;
}

/** Wrap `load` in useCallback. */
export function useEdited<T>(load: (signal: AbortSignal) => Promise<Versioned<T>>): Edited<T> {
  const [times, setTimes] = useState(0);
  const { data, error, reload } = useLoaded(load);
  const again = useCallback(async () => {
    await reload();
    setTimes((now) => now + 1);
  }, [reload]);
  return { read: data, error, key: `${data?.etag} ${times}`, reload: again };
}

/** `send` gets the form's fields, and the version to say; null to write over whatever is there. */
export function useEditForm(
  known: readonly string[],
  etag: string | null,
  send: (values: Record<string, string>, etag: string | null) => Promise<void>,
): { form: FormState; keepMine: () => void } {
  const mine = useRef(false);
  const form = useForm(known, async (values) => {
    const version = mine.current ? null : etag;
    mine.current = false;
    await send(values, version);
  });
  const keepMine = () => {
    mine.current = true;
  };
  return { form, keepMine };
}
