/** Renditions that come after a player has begun: a class that somebody opens by voice alone has a camera later. */
import type { LevelDetails } from "hls.js";

/** For a proxy may keep the multivariant playlist for a moment. */
const SETTLED_MS = 1_000;
/** Not all who follow a class are to come for it at once. */
const SPREAD_MS = 1_000;
/**
 * So many segments later who looks back attaches anew. Before its beginning a late picture is a still: a piece of each
 * segment, and then pieces without bytes, at which hls.js 1.7.4 may stand still; by then they are listed no more.
 */
export const STILL_SEGMENTS = 3;
/** How often the multivariant playlist is looked at where nothing else tells. */
export const LOOK_EVERY_MS = 4_000;

/** As much of a playlist as tells of the others. */
type Reporting = Pick<LevelDetails, "url" | "renditionReports">;

/**
 * Hears of renditions that the multivariant playlist did not list when it was loaded: once, as it is loaded once.
 *
 * Playlists report how far all others have come (EXT-X-RENDITION-REPORT), also those that have begun later. From its
 * second segment on one is listed.
 */
export class LateRenditions {
  readonly #listed = new Set<string>();
  /** From which segment on each that comes later is waited for. */
  readonly #awaited = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly came: () => void,
    /** So many segments after it was first reported it is told of. */
    private readonly segments = 0,
  ) {}

  /** What the multivariant playlist lists, also of what the player cannot play. */
  list(renditions: readonly { url: string }[]): void {
    for (const { url } of renditions) this.#listed.add(url);
  }

  /** A playlist of one of them was loaded. */
  look({ url, renditionReports = [] }: Reporting): void {
    if (this.#timer !== undefined || this.#listed.size === 0) return;
    const isLate = renditionReports.some((report) => {
      const [last, rendition] = [Number(report["LAST-MSN"]), new URL(report.URI ?? "", url).href];
      if (this.#listed.has(rendition)) return false;
      const from = this.#awaited.get(rendition) ?? Math.max(1, last + this.segments);
      this.#awaited.set(rendition, from);
      return last >= from;
    });
    if (isLate) this.#timer = setTimeout(this.came, SETTLED_MS + Math.random() * SPREAD_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * The same for a player of the browser's own, which tells of no playlist: it looks at the multivariant one while there is
 * no picture. Gives the function that ends it.
 */
export function lookForPicture(video: HTMLVideoElement, url: string, came: () => void): () => void {
  let hadNone = false;
  let isOver = false;
  const look = async () => {
    if (isOver || video.readyState === 0 || video.videoWidth > 0 || Number.isFinite(video.duration)) return;
    const answer = await fetch(url, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const hasPicture = /^#EXT-X-STREAM-INF:.*RESOLUTION=/m.test(await answer.text());
    if (isOver) return;
    isOver = hasPicture && hadNone;
    hadNone ||= !hasPicture;
    if (isOver) came();
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  video.addEventListener("loadedmetadata", look);
  return () => {
    isOver = true;
    clearInterval(timer);
    video.removeEventListener("loadedmetadata", look);
  };
}
