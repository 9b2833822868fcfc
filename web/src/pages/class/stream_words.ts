/** The class's live stream in words. */
import type { LiveStream } from "../../api/streams";
import { bytes, plural } from "../../format";

/** What is not among them is set by the API; it is shown, too. */
const LIMITS = [0, 50, 100, 250, 500, 1000, 5000];

export const limitsWith = (most: number): number[] =>
  [...new Set([...LIMITS, most])].sort((one, other) => one - other);

export const limitWords = (most: number): string => (most === 0 ? "Any number" : `${most} at a time`);

export function viewersWords({ active_viewers, peak_viewers, total_bytes_served }: LiveStream): string {
  if (peak_viewers === 0) return "Nobody has watched yet.";
  const now = plural(active_viewers, "viewer", "viewers");
  return `${now} now, at most ${peak_viewers} at the same time. ${bytes(total_bytes_served)} were sent.`;
}

/** "720p: 12, sound alone: 1": what is watched now, the most watched first. */
export const qualityWords = ({ qualities }: LiveStream): string =>
  qualities
    .filter(({ viewers }) => viewers > 0)
    .sort((one, other) => other.viewers - one.viewers)
    .map(({ quality, track, viewers }) => `${quality === track ? "sound alone" : quality}: ${viewers}`)
    .join(", ");
