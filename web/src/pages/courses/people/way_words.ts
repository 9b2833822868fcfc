/** Codes and links in words. */
import type { CourseInvitation } from "../../../api/enrolments";
import { momentWithin, plural } from "../../../format";

export const isGood = ({ status }: Pick<CourseInvitation, "status">): boolean => status === "good";

/** "used by 3 people", "3 of 30 used" */
export function usesOf({ uses, max_uses }: Pick<CourseInvitation, "uses" | "max_uses">): string {
  if (max_uses !== null) return `${uses} of ${max_uses} used`;
  return uses === 0 ? "not used yet" : `used by ${plural(uses, "person", "people")}`;
}

export function wayState({
  revoked_at,
  expires_at,
}: Pick<CourseInvitation, "revoked_at" | "expires_at">): string {
  if (revoked_at) return `ended ${momentWithin(revoked_at)}`;
  if (!expires_at) return "";
  return Date.parse(expires_at) > Date.now()
    ? `good until ${momentWithin(expires_at)}`
    : `ended ${momentWithin(expires_at)}`;
}

/** How long one is good, as a choice. */
export const TERMS: readonly [seconds: number | null, label: string][] = [
  [null, "Until I end it"],
  [86_400, "A day"],
  [7 * 86_400, "A week"],
  [30 * 86_400, "30 days"],
  [180 * 86_400, "Half a year"],
];
