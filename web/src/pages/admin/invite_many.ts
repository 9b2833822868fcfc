/** Inviting many at once: whom a list names, one call after another, and what came of each. */
import type { Invitation } from "../../api/invitations";
import { ApiError, sentence } from "../../api/problem";
import { csvTable } from "../../csv";

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

const ADDRESS = /[^\s<>,;"]+@[^\s<>,;"]+/g;
/** What stands around an address in running text: `mailto:`, brackets, a full stop. */
const AROUND = /^(?:mailto:|[('[])+|[)'\].:]+$/gi;
const LONGEST_NAME = 200;
const STOPPED = "It was stopped before.";
export const MOST_AT_ONCE = 1_000;

/** The first line of a table: what separates its columns, and which of them say who it is. */
interface Head {
  separator: string;
  width: number;
  email: number;
  names: number[];
}

const cleaned = (email: string): string => email.replace(AROUND, "");

function nameOf(text: string): string {
  const words = text.replace(/[<>"]/g, " ").split(/[\s,;]+/);
  return [...words.filter(Boolean).join(" ")].slice(0, LONGEST_NAME).join("");
}

/** The cells of a line; a quoted one may have the separator in it, and doubled quotes. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  let quoted = false;
  let cell = "";
  for (const sign of line) {
    if (sign === '"') quoted = !quoted;
    if (sign !== separator || quoted) cell += sign;
    else {
      cells.push(cell);
      cell = "";
    }
  }
  return [...cells, cell].map((one) =>
    one
      .trim()
      .replace(/^"(.*)"$/s, "$1")
      .replace(/""/g, '"'),
  );
}

/** What the names of columns say; null for a line that names none. */
function headOf(line: string): Head | null {
  const separator = [";", "\t", ","].find((one) => line.includes(one)) ?? ",";
  const columns = cellsOf(line, separator).map((one) => one.toLowerCase());
  const email = columns.findIndex((one) => /^e-?mail\b/.test(one));
  if (email < 0) return null;
  const called = (names: RegExp) => columns.flatMap((one, at) => (names.test(one) ? [at] : []));
  const whole = called(/^(full|display)?[ _]?name$/);
  const names = whole.length > 0 ? whole.slice(0, 1) : called(/^(first|last|given|family|sur)[ _]?name$/);
  return { separator, width: columns.length, email, names };
}

/** A line of a table under the names of its columns; null for one of another form. */
function rowOf(line: string, head: Head | null): Wanted[] | null {
  if (!head || head.width < 2 || head.names.length === 0) return null;
  const cells = cellsOf(line, head.separator);
  const email = cleaned(cells[head.email] ?? "");
  if (cells.length !== head.width || email.match(ADDRESS)?.[0] !== email) return null;
  return [{ email, full_name: nameOf(head.names.map((at) => cells[at] ?? "").join(" ")) }];
}

/**
 * A line as people write it: an address with a name before or after it; or several, as from the line of a mail
 * that says whom it goes to, where a name is before an address in pointed brackets.
 */
function peopleOf(line: string): Wanted[] {
  const found = [...line.matchAll(ADDRESS)];
  const [only] = found;
  if (found.length === 1 && only) {
    return [{ email: cleaned(only[0]), full_name: nameOf(line.replace(only[0], " ")) }];
  }
  let from = 0;
  return found.map(({ 0: email, index }) => {
    const before = line.slice(from, index);
    from = index + email.length;
    return { email: cleaned(email), full_name: before.endsWith("<") ? nameOf(before) : "" };
  });
}

/** Whom a list names, each address once; lines without one, but for the names of columns, are told apart. */
export function readList(text: string): { people: Wanted[]; left: string[] } {
  const people = new Map<string, Wanted>();
  const left: string[] = [];
  let head: Head | null = null;
  let first = true;
  for (const line of text.replace(/^\ufeff/, "").split(/\r\n?|\n/)) {
    if (!line.trim()) continue;
    const found = rowOf(line, head) ?? peopleOf(line);
    if (found.length === 0 && first) head = headOf(line);
    if (found.length === 0 && !(first && head)) left.push(line.trim());
    for (const one of found)
      if (!people.has(one.email.toLowerCase())) people.set(one.email.toLowerCase(), one);
    first = false;
  }
  return { people: [...people.values()], left };
}

/** Ends early when it is stopped. */
const wait = (seconds: number, stop: AbortSignal) =>
  new Promise<void>((done) => {
    if (stop.aborted) return done();
    const timer = setTimeout(done, seconds * 1000);
    stop.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });

/** Invites one; a server that has had enough for the moment is asked again when it says. */
async function inviteOne(
  person: Wanted,
  invite: (one: Wanted) => Promise<Invitation>,
  stop: AbortSignal,
): Promise<Outcome> {
  while (!stop.aborted) {
    try {
      const { link } = await invite(person);
      return { ...person, link: link ?? null, error: "" };
    } catch (error) {
      const later_s = error instanceof ApiError && error.status === 429 ? error.retryAfter_s : null;
      if (later_s === null) return { ...person, link: null, error: sentence(error) };
      await wait(later_s, stop);
    }
  }
  return { ...person, link: null, error: STOPPED };
}

/**
 * Invites one after another; `tell` hears what has come of them so far. When it is stopped, of those who are left
 * it is said that they were not invited: the links of the others are known nowhere else.
 */
export async function inviteAll(
  people: readonly Wanted[],
  invite: (one: Wanted) => Promise<Invitation>,
  tell: (outcomes: readonly Outcome[]) => void,
  stop: AbortSignal,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const person of people) {
    outcomes.push(await inviteOne(person, invite, stop));
    tell([...outcomes]);
  }
  return outcomes;
}

/** A table of what came of each, for spreadsheets and form letters. */
export const tableOf = (outcomes: readonly Outcome[]): string =>
  csvTable(
    ["email", "full_name", "link", "error"],
    outcomes.map((one) => [one.email, one.full_name, one.link ?? "", one.error]),
  );

/** The same in lines to paste into a mail: who, and their link. */
export const linesOf = (outcomes: readonly Outcome[]): string =>
  outcomes.flatMap(({ email, link }) => (link ? [`${email}\t${link}`] : [])).join("\n");
