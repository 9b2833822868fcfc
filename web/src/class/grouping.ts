/** Who comes into which breakout room at first. */
import { plural } from "../format";

/** Deals people out so that no group has more than one more than another; `shuffle` mixes them first. */
export function deal<T>(people: readonly T[], groups: number, shuffle: (all: T[]) => T[] = shuffled): T[][] {
  const dealt: T[][] = Array.from({ length: Math.max(1, groups) }, () => []);
  shuffle([...people]).forEach((person, index) => {
    dealt[index % dealt.length]?.push(person);
  });
  return dealt;
}

/** How many that are: "3 people in each", "3 or 4 people in each", "At most 1 person in each". */
export function sizesInWords(people: number, groups: number): string {
  const least = Math.floor(people / groups);
  const most = Math.ceil(people / groups);
  if (least === most) return `${plural(most, "person", "people")} in each`;
  return least === 0 ? "At most 1 person in each" : `${least} or ${most} people in each`;
}

/** Fisher and Yates, so that every order is equally likely. */
export function shuffled<T>(all: T[], random: () => number = Math.random): T[] {
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}
