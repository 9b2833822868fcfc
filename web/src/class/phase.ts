/** Where a visit to a class stands, and what is said to the person on the way. */

export type Phase =
  | { name: "door" | "connecting" | "waiting" | "left" }
  | { name: "in"; lost: boolean }
  | { name: "denied" | "ended"; reason: string }
  | { name: "removed"; reason: string; banned: boolean }
  | { name: "failed"; message: string; code: string };

export interface Notice {
  text: string;
  tone: "good" | "wrong";
}
