/** A turning ring for what takes a moment. */
import "./Spinner.css";

/** Decoration only: say in words what is being waited for beside it, or use `Loading`. */
export function Spinner({ size = 20 }: { size?: number }) {
  return (
    <svg className="spinner" width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden="true">
      <circle className="spinner-track" cx="12" cy="12" r="9" strokeWidth="2.5" />
      <path className="spinner-arc" d="M12 3a9 9 0 0 1 9 9" strokeWidth="2.5" strokeLinecap="round" />
    </svg>
  );
}

/** A whole area that is loading. */
export function Loading({ label = "Loading" }: { label?: string }) {
  return (
    <div className="loading" role="status">
      <Spinner size={28} />
      <span className="visually-hidden">{label}</span>
    </div>
  );
}
