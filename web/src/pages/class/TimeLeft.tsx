/** How long the breakout rooms stay open yet. */
import { clock, plural } from "../../format";
import { useNow } from "../../hooks/useNow";
import "./TimeLeft.css";

export function TimeLeft({ endsAt }: { endsAt: string }) {
  const now_ms = useNow(1_000);
  const left_s = Math.max(0, Math.ceil((Date.parse(endsAt) - now_ms) / 1000));
  return (
    <span className={`time-left numbers ${left_s <= 60 ? "time-short" : ""}`} data-testid="time-left">
      <span aria-hidden="true">{clock(left_s)} left</span>
      <span className="visually-hidden">{plural(Math.ceil(left_s / 60), "minute left", "minutes left")}</span>
    </span>
  );
}
