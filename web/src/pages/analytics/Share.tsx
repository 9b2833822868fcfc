import { percent } from "./words";

/** A share in words, with a bar as long as it. */
export function Share({ value }: { value: number | null }) {
  return (
    <span className="share-cell">
      {percent(value)}
      <span className="share-bar" aria-hidden="true">
        <span style={{ width: `${Math.min(100, value ?? 0)}%` }} />
      </span>
    </span>
  );
}
