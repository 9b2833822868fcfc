/** Bars for a connection that is not good, with what that means; nothing for a good one. */
import { connectionOf, sentenceOf } from "../../class/parts/connections";
import { ConnectionBars } from "../ConnectionBars";
import "./QualityMark.css";
import { useClassState } from "./useClass";

export function QualityMark({ personId, className }: { personId: string; className: string }) {
  const state = useClassState();
  const connection = connectionOf(state, personId);
  if (!connection) return null;
  const { quality } = connection;
  const words = sentenceOf(connection, personId === state.me);
  return (
    <span
      className={`${className} quality-mark quality-${quality}`}
      title={words}
      data-testid="quality-mark"
      data-quality={quality}
    >
      <ConnectionBars quality={quality} />
      <span className="visually-hidden">{words}</span>
    </span>
  );
}
