/** Time zones to choose from. */
import { zoneHere } from "../../../format";

/** All that this browser knows, and the one in force, which it may call otherwise. */
export const zonesFor = (current: string): string[] =>
  [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", zoneHere(), current])].sort();
