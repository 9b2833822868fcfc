/** Where somebody stopped watching, kept in this browser. */
import { remember, remembered } from "../../storage";

const key = (id: string) => `vtp.position.${id}`;
/** Nearer to either end than this, a position is not worth resuming. */
const EDGE_S = 10;

/** Seconds to start at; 0 for the beginning. */
export function keptPosition(id: string): number {
  const seconds = Number(remembered(key(id)));
  return Number.isFinite(seconds) && seconds > EDGE_S ? seconds : 0;
}

export function keepPosition(id: string, position_s: number, duration_s: number): void {
  const worth = position_s > EDGE_S && position_s < duration_s - EDGE_S;
  remember(key(id), worth ? position_s.toFixed(1) : null);
}
