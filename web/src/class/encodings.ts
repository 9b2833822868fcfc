/** In which sizes a picture is sent, and which of them a tile needs: the server gives each viewer one of them. */

/** One size of a picture, and what it may take. */
export type Encoding = Pick<RTCRtpEncodingParameters, "maxBitrate" | "scaleResolutionDownBy"> & {
  scalabilityMode: string;
};

/** By how much smaller each encoding is, for pictures of so many pixels: of small ones browsers send fewer. */
const GRADES: readonly (readonly [pixels: number, scales: readonly number[]])[] = [
  [960 * 540, [4, 2, 1]],
  [480 * 270, [2, 1]],
  [0, [1]],
];
/** A picture of half the width and height needs about a third. */
const SHARE = 3;
/** Frame rates can be left out for whose network is narrow: a quarter, a half, all. */
const FRAME_RATES = "L1T3";
const LEARNER_BPS = 800_000;
const SCREEN_BPS = 2_500_000;

const pixelsOf = (track: MediaStreamTrack): number => {
  const { width = 0, height = 0 } = track.getSettings();
  return width * height;
};

/** The encodings of a camera, the smallest first; none while its size is unknown. Who teaches is looked at by all. */
export function cameraEncodings(track: MediaStreamTrack, most_bps: number, teaches: boolean): Encoding[] {
  const pixels = pixelsOf(track);
  if (pixels === 0) return [];
  const [, scales] = GRADES.find(([least]) => pixels >= least) ?? [0, [1]];
  const most = teaches ? most_bps : Math.min(most_bps, LEARNER_BPS);
  return scales.map((scale) => ({
    scaleResolutionDownBy: scale,
    maxBitrate: Math.round(most / SHARE ** Math.log2(scale)),
    scalabilityMode: FRAME_RATES,
  }));
}

/** A screen is read: always whole, at fewer frames where a network is narrow. */
export function screenEncodings(): Encoding[] {
  return [{ scaleResolutionDownBy: 1, maxBitrate: SCREEN_BPS, scalabilityMode: FRAME_RATES }];
}

/**
 * The same in `count` encodings, as a producer that is there has them: of more the largest; of fewer the largest again,
 * which browsers do not send for so small a picture.
 */
export function fitted(encodings: readonly Encoding[], count: number): Encoding[] {
  const all = [...encodings];
  const largest = all.at(-1);
  while (largest && all.length < count) all.push(largest);
  return all.slice(Math.max(0, all.length - count));
}

export const sameEncodings = (some: readonly Encoding[], others: readonly Encoding[]): boolean =>
  some.length === others.length &&
  some.every(
    (one, at) =>
      one.maxBitrate === others[at]?.maxBitrate &&
      one.scaleResolutionDownBy === others[at]?.scaleResolutionDownBy,
  );

/** The spatial layer that a tile of so many device pixels needs, from 0; more than there are means the largest. */
export function layerFor(width_px: number): number {
  if (width_px <= 360) return 0;
  return width_px <= 720 ? 1 : 2;
}
