/** The two lists of people, and what changes them. */
import { useCallback, useState } from "react";
import { MAX_PAGE, type Read, readFirst } from "../../api/pages";
import type { Person, PersonChange, RoleWord } from "../../api/people";
import { sentence } from "../../api/problem";
import { useToast } from "../../design/Toast";
import { useLoaded } from "../../hooks/useLoaded";
import { isOwn, useApi, useSession } from "../../session/Session";
import { useWaiting } from "../../session/Waiting";

const FRESH_MS = 15_000;
/** Lists this long are read anew less often: it takes several requests. */
const LONG_FRESH_MS = 60_000;
const PAGE = 50;

export interface PeopleList {
  read: Read<Person>;
  /** More has been asked for and is on its way. */
  growing: boolean;
  showMore: () => void;
}

/** Whom to list; what is empty does not matter. */
export interface PeopleWish {
  /** Words in name or address. */
  search: string;
  role: RoleWord | "";
  state: "" | "waiting" | "open" | "closed";
}

const NOBODY: Read<Person> = { items: [], more: false, asked: 0 };

/** Who waits for a decision, and everybody else. Both are read as one. */
export function usePeople({ search, role, state }: PeopleWish) {
  const { people } = useApi();
  const key = JSON.stringify([search, role, state]);
  const [wanted, setWanted] = useState({ key, waiting: PAGE, others: PAGE });
  // Another wish begins with its first page.
  const sizes = wanted.key === key ? wanted : { key, waiting: PAGE, others: PAGE };
  const { waiting, others } = sizes;
  const load = useCallback(
    async (signal: AbortSignal) => {
      const read = (pending: boolean, count: number) =>
        readFirst(count, (page) =>
          people.list({ pending, search, ...(role && { role }), ...disabledOf(state), ...page }, signal),
        );
      const [first, second] = await Promise.all([
        state === "open" ? NOBODY : read(true, waiting),
        state === "waiting" ? NOBODY : read(false, others),
      ]);
      return { key, waiting: first, others: second };
    },
    [people, key, search, role, state, waiting, others],
  );
  const long = Math.max(waiting, others) > MAX_PAGE;
  const { data, error, reload } = useLoaded(load, long ? LONG_FRESH_MS : FRESH_MS);
  const list = (name: "waiting" | "others"): PeopleList | null =>
    data && {
      read: data[name],
      growing: data.key === key && data[name].asked < sizes[name],
      showMore: () => setWanted({ ...sizes, [name]: sizes[name] + PAGE }),
    };
  return { waiting: list("waiting"), others: list("others"), data, error, reload };
}

function disabledOf(state: PeopleWish["state"]): { disabled?: boolean } {
  if (state === "closed") return { disabled: true };
  return state === "" ? {} : { disabled: false };
}

/** Sends one change at a time, tells of it, and reads the lists anew. `send` says whether it was taken. */
export function useChange(reload: () => Promise<unknown>) {
  const { people, accounts } = useApi();
  const { state, setUser } = useSession();
  const waiting = useWaiting();
  const toast = useToast();
  const [busy, setBusy] = useState<string | null>(null);
  const send = async (person: Person, change: PersonChange, done: string): Promise<boolean> => {
    if (busy) return false;
    setBusy(person.user_id);
    try {
      await people.change(person.user_id, change);
      toast(done);
      if (isOwn(state, person.user_id)) setUser(await accounts.profile());
      await Promise.all([reload(), waiting.reload()]);
      return true;
    } catch (error) {
      toast(sentence(error), { tone: "wrong" });
      return false;
    } finally {
      setBusy(null);
    }
  };
  return { busy, send };
}
