/** A short state in a pill. */
import type { ReactNode } from "react";
import "./Badge.css";

export type BadgeTone = "neutral" | "accent" | "live" | "warn";

/** `pulse` puts a breathing dot before the words, for what is going on right now. */
export function Badge({
  tone = "neutral",
  pulse = false,
  children,
  testId,
}: {
  tone?: BadgeTone;
  pulse?: boolean;
  children: ReactNode;
  testId?: string;
}) {
  return (
    <span className={`badge badge-${tone}`} data-testid={testId}>
      {pulse && <span className="badge-dot" aria-hidden="true" />}
      {children}
    </span>
  );
}
