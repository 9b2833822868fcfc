/** Inviting many at once: whom a list names, one call after another, and what came of each. */
import type { Invitation } from "../../api/invitations";
import { ApiError, sentence } from "../../api/problem";

export interface Wanted {
  email: string;
  full_name: string;
}

export interface Outcome extends Wanted {
  /** What to pass on; null where it was mailed, or nothing was made. */
  link: string | null;
  /** Why nothing was made; empty where it was. */
  error: string;
}

const ADDRESS = /[^\s<>,;"]+@[^\s<>,;"]+/;
export const MOST_AT_ONCE = 1_000;

/** One line of a list: an address, with a name before or after it, as in tables, mail programs and by hand. */
function personOf(line: string): Wanted | null {
  const email = ADDRESS.exec(line)?.[0];
  if (!email) return null;
  const rest = line.replace(email, " ").split(/[,;\t]/);
  const name = rest
    .map((part) => part.replace(/[<>"]/g, " ").trim())
    .filter(Boolean)
    .join(" ");
  return { email, full_name: name.replace(/\s+/g, " ").slice(0, 200) };
}

/** Whom a list names, each address once; lines without one, but for the names of columns, are told apart. */
export function readList(text: string): { people: Wanted[]; left: string[] } {
  const people = new Map<string, Wanted>();
  const left: string[] = [];
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    const person = personOf(line);
    if (person && !people.has(person.email.toLowerCase())) people.set(person.email.toLowerCase(), person);
    else if (!person && line.trim() && !/e-?mail/i.test(line)) left.push(line.trim());
  }
  return { people: [...people.values()], left };
}

const wait = (seconds: number) => new Promise<void>((done) => setTimeout(done, seconds * 1000));

/** Invites one; a server that has had enough for the moment is asked again when it says. */
async function inviteOne(person: Wanted, invite: (one: Wanted) => Promise<Invitation>): Promise<Outcome> {
  for (;;) {
    try {
      const { link } = await invite(person);
      return { ...person, link: link ?? null, error: "" };
    } catch (error) {
      const later_s = error instanceof ApiError && error.status === 429 ? error.retryAfter_s : null;
      if (later_s === null) return { ...person, link: null, error: sentence(error) };
      await wait(later_s);
    }
  }
}

/** Invites one after another; `tell` hears what has come of them so far. Ends early when `stopped` says so. */
export async function inviteAll(
  people: readonly Wanted[],
  invite: (one: Wanted) => Promise<Invitation>,
  tell: (outcomes: readonly Outcome[]) => void,
  stopped: () => boolean,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const person of people) {
    if (stopped()) break;
    outcomes.push(await inviteOne(person, invite));
    tell([...outcomes]);
  }
  return outcomes;
}

/** A cell of a table; one that a spreadsheet would take for a formula is text (OWASP, CSV injection). */
const cell = (text: string): string =>
  `"${(/^[=+\-@\t]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`;

/** A table of what came of each, for spreadsheets and form letters. */
export const tableOf = (outcomes: readonly Outcome[]): string =>
  [
    "email,full_name,link,error",
    ...outcomes.map((one) => [one.email, one.full_name, one.link ?? "", one.error].map(cell).join(",")),
  ].join("\r\n");

/** The same in lines to paste into a mail: who, and their link. */
export const linesOf = (outcomes: readonly Outcome[]): string =>
  outcomes.flatMap(({ email, link }) => (link ? [`${email}\t${link}`] : [])).join("\n");
