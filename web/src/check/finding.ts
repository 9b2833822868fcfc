/** One thing that was looked at: how it is, what that means, and what to do, in words for everybody. */

export type FindingState = "good" | "note" | "wrong" | "skipped";

export interface Finding {
  id: string;
  title: string;
  state: FindingState;
  meaning: string;
  cure?: string;
  /** Figures and names, for who looks after the network. */
  details?: string;
}

const STATE_WORDS: Readonly<Record<FindingState, string>> = {
  good: "Good",
  note: "Worth knowing",
  wrong: "Does not work",
  skipped: "Not tried",
};

export const stateWord = (state: FindingState): string => STATE_WORDS[state];

/** The worst of all: what the whole check comes to. */
export function verdict(findings: readonly Finding[]): FindingState {
  const states = new Set(findings.map(({ state }) => state));
  if (states.has("wrong")) return "wrong";
  if (states.has("note") || states.has("skipped")) return "note";
  return "good";
}

/** The check as text, to send to somebody who can help. */
export function report(findings: readonly Finding[], facts: Readonly<Record<string, string>>): string {
  const head = Object.entries(facts).map(([name, value]) => `${name}: ${value}`);
  const body = findings.flatMap(({ title, state, meaning, cure, details }) => [
    "",
    `[${stateWord(state)}] ${title}`,
    meaning,
    ...(cure ? [`To do: ${cure}`] : []),
    ...(details ? [`Details: ${details}`] : []),
  ]);
  return ["Connection check", ...head, ...body, ""].join("\n");
}
