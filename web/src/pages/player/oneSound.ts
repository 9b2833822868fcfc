/** Which variants of a recording a player of hls.js may choose from. */
import type Hls from "hls.js";

/**
 * Leaves only the variants with the sound to begin with: AAC, or Opus where AAC does not play.
 *
 * They differ in nothing else, yet at a gap hls.js 1.7.4 tries the other one: it throws away all sound it has, and going
 * back appends AAC to a SourceBuffer still set to Opus, which Chromium answers with an error (a stall at best).
 */
export function keepOneSound(hls: Pick<Hls, "levels" | "firstLevel" | "removeLevel">): void {
  const sound = hls.levels[hls.firstLevel]?.audioCodec;
  for (let index = hls.levels.length - 1; index >= 0; index -= 1) {
    if (hls.levels[index]?.audioCodec !== sound) hls.removeLevel(index);
  }
}
