/** Who comes into which breakout room at first. */

/** Deals people out so that no group has more than one more than another; `shuffle` mixes them first. */
export function deal<T>(people: readonly T[], groups: number, shuffle: (all: T[]) => T[] = shuffled): T[][] {
  const dealt: T[][] = Array.from({ length: Math.max(1, groups) }, () => []);
  shuffle([...people]).forEach((person, index) => {
    dealt[index % dealt.length]?.push(person);
  });
  return dealt;
}

/** Fisher and Yates, so that every order is equally likely. */
export function shuffled<T>(all: T[], random: () => number = Math.random): T[] {
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}
