/** What can be told of a new password while it is typed; the server has the last word (it knows common ones). */

export interface PasswordView {
  long_enough: boolean;
  varied: boolean;
  strength: "none" | "weak" | "fair" | "good" | "strong";
}

/** Characters that somebody guessing could not foresee from the one before: "aaaa" and "1234" count once. */
export function surprises(password: string): number {
  const points = [...password].map((letter) => letter.codePointAt(0) ?? 0);
  return points.filter((point, index) => index === 0 || Math.abs(point - (points[index - 1] ?? 0)) > 1)
    .length;
}

export function lookAt(typed: string, min_length: number): PasswordView {
  // What the server checks and keeps the hash of, so `ａ` is `a` here too.
  const password = typed.normalize("NFKC");
  const long_enough = Math.min([...typed].length, [...password].length) >= min_length;
  const varied = new Set(password).size >= 3;
  return {
    long_enough,
    varied,
    strength: password === "" ? "none" : strengthOf(password, long_enough && varied),
  };
}

function strengthOf(password: string, accepted: boolean): PasswordView["strength"] {
  const count = surprises(password);
  if (!accepted || count < 7) return "weak";
  if (count < 12) return "fair";
  return count < 16 ? "good" : "strong";
}
