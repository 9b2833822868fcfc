/** Time zones to choose from. */

export const zoneHere = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** All that this browser knows, and the one in force, which it may call otherwise. */
export const zonesFor = (current: string): string[] =>
  [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC", zoneHere(), current])].sort();
