/** Groups of an assignment while they are edited. */
import type { Group, WantedGroup } from "../../../api/assignments";
import { deal } from "../../../class/grouping";

export interface DraftGroup {
  key: string;
  /** Of one that is stored. */
  id: string | null;
  name: string;
  members: string[];
}

const newKey = (): string => crypto.getRandomValues(new Uint32Array(2)).join("-");

export const draftOf = ({ id, name, members }: Group): DraftGroup => ({
  key: id,
  id,
  name,
  members: members.map(({ user_id }) => user_id),
});

/** As it is sent; empty ones are none. */
export const wantedOf = (drafts: readonly DraftGroup[]): WantedGroup[] =>
  drafts
    .filter(({ members }) => members.length > 0)
    .map(({ id, name, members }) => ({ ...(id !== null && { id }), name: name.trim(), members }));

/** Those that somebody else has taken away meanwhile are new ones. */
export function thatAre(drafts: readonly DraftGroup[], stored: readonly Group[]): DraftGroup[] {
  const there = new Set(stored.map(({ id }) => id));
  return drafts.map((one) => (one.id !== null && !there.has(one.id) ? { ...one, id: null } : one));
}

/** "Group 3", the first that is not taken. */
export function nameFor(drafts: readonly DraftGroup[]): string {
  const taken = new Set(drafts.map(({ name }) => name.trim()));
  let number = 1;
  while (taken.has(`Group ${number}`)) number += 1;
  return `Group ${number}`;
}

export const withNew = (drafts: readonly DraftGroup[], members: string[] = []): DraftGroup[] => [
  ...drafts,
  { key: newKey(), id: null, name: nameFor(drafts), members },
];

/** Puts somebody into a group, out of whichever they were in; `key` null: into none. */
export const moved = (drafts: readonly DraftGroup[], person: string, key: string | null): DraftGroup[] =>
  drafts.map((one) => {
    const others = one.members.filter((member) => member !== person);
    return { ...one, members: one.key === key ? [...others, person] : others };
  });

/** Deals people out into new groups of about `size`, by chance; none has more than one more than another. */
export function dealt(
  drafts: readonly DraftGroup[],
  people: readonly string[],
  size: number,
  shuffle?: (all: string[]) => string[],
): DraftGroup[] {
  if (people.length === 0) return [...drafts];
  const groups = deal(people, Math.max(1, Math.round(people.length / size)), shuffle);
  return groups.reduce<DraftGroup[]>((all, members) => withNew(all, members), [...drafts]);
}

/** Those of some people in whose names these words are, however they are written. */
export function called(
  words: string,
  people: readonly string[],
  names: ReadonlyMap<string, string>,
): readonly string[] {
  const wanted = words.trim().toLocaleLowerCase();
  if (wanted === "") return people;
  return people.filter((one) => names.get(one)?.toLocaleLowerCase().includes(wanted));
}
