/** Pictures of recordings in lists: read with the token, a few at a time, and kept while the page is open. */
import type { HttpClient } from "../../api/http";
import type { Recording } from "../../api/recordings";

/** The server decodes two at a time, beside classes. */
const AT_A_TIME = 3;
const KEPT = 300;
const WIDTH = 160;

/** Lets so many pieces of work run at once; those who wait for their turn may be wanted no more by then. */
export class Turns {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(readonly most: number) {}

  /** Null for what is wanted no more when its turn comes. */
  async take<T>(work: () => Promise<T>, isWanted: () => boolean): Promise<T | null> {
    if (this.#running >= this.most) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running += 1;
    try {
      return isWanted() ? await work() : null;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

/** Where the picture is; null where there is none, or it would be another one each time. */
export function thumbnailUrl({
  recording_id,
  status,
  duration_seconds,
  resolution,
}: Pick<Recording, "recording_id" | "status" | "duration_seconds" | "resolution">): string | null {
  const isOver = status === "ready" || status === "interrupted";
  if (!isOver || resolution === null) return null;
  // The first picture is often black, or of nobody.
  const at_s = Math.min(Math.floor(duration_seconds / 10), 60);
  return `/api/v1/recordings/${encodeURIComponent(recording_id)}/thumbnail?t=${at_s}&width=${WIDTH}`;
}

const turns = new Turns(AT_A_TIME);
const pictures = new Map<string, string>();

/** An address that an `<img>` can show; null where there is none. */
export async function readThumbnail(
  http: HttpClient,
  url: string,
  isWanted: () => boolean,
): Promise<string | null> {
  const known = pictures.get(url);
  if (known) return known;
  const picture = await turns.take(() => read(http, url), isWanted);
  if (picture) keep(url, picture);
  return picture;
}

async function read(http: HttpClient, url: string): Promise<string | null> {
  // Each answer has a cookie for its recording, and a browser keeps only so many.
  const response = await http.send(url, { credentials: "omit" });
  return response.ok ? URL.createObjectURL(await response.blob()) : null;
}

function keep(url: string, picture: string): void {
  pictures.set(url, picture);
  for (const oldest of pictures.keys()) {
    if (pictures.size <= KEPT) return;
    pictures.delete(oldest);
  }
}
