/** What somebody sends may come by two ways at once for a while: shown is what has arrived by the wanted one. */

/** `screen-sound` is what a shared screen plays. */
export const SOURCES = ["microphone", "camera", "screen", "screen-sound"] as const;
export type Source = (typeof SOURCES)[number];
export type Way = "p2p" | "sfu";

/** Shows a source from now on; null: nothing. Done when it is seen: what was there goes on until then. */
export type Show = (source: Source, track: MediaStreamTrack | null) => void | Promise<void>;

/** When the first frame of a track has been decoded; sound: when the first packet has come. */
export async function firstFrame(track: MediaStreamTrack): Promise<void> {
  if (track.kind === "audio" || document.visibilityState === "hidden") {
    if (track.muted) await new Promise((come) => track.addEventListener("unmute", come, { once: true }));
    return;
  }
  const video = document.createElement("video");
  video.muted = true;
  video.autoplay = true;
  video.srcObject = new MediaStream([track]);
  await new Promise((come) => video.requestVideoFrameCallback(come));
  video.srcObject = null;
}

/** Shows each source by the way that is wanted as soon as its first frame has come, and by the other until then. */
export class Handover {
  readonly #tracks = { p2p: new Map<Source, MediaStreamTrack>(), sfu: new Map<Source, MediaStreamTrack>() };
  readonly #arrived = new WeakSet<MediaStreamTrack>();
  readonly #seen = new WeakSet<MediaStreamTrack>();
  readonly #shown = new Map<Source, MediaStreamTrack>();
  #wanted: Way = "sfu";

  constructor(
    private readonly show: Show,
    private readonly changed: () => void,
    private readonly arrival: (track: MediaStreamTrack) => Promise<void>,
  ) {}

  /** Whether everything that comes by the other way is shown by the wanted one. */
  get complete(): boolean {
    const wanted = this.#tracks[this.#wanted];
    return [...this.#tracks[this.#other].keys()].every((source) => {
      const track = wanted.get(source);
      return track !== undefined && this.#seen.has(track);
    });
  }

  prefer(way: Way): void {
    this.#wanted = way;
    const sources = [...this.#tracks.p2p.keys(), ...this.#tracks.sfu.keys()];
    for (const source of new Set(sources)) this.#update(source);
  }

  add(way: Way, source: Source, track: MediaStreamTrack): void {
    if (this.#tracks[way].get(source) === track) return;
    this.#tracks[way].set(source, track);
    this.#update(source);
    void this.arrival(track).then(() => {
      this.#arrived.add(track);
      this.#update(source);
    });
  }

  remove(way: Way, source: Source): void {
    if (this.#tracks[way].delete(source)) this.#update(source);
  }

  /** Takes away all that comes by a way. */
  clear(way: Way): void {
    for (const source of [...this.#tracks[way].keys()]) this.remove(way, source);
  }

  get #other(): Way {
    return this.#wanted === "sfu" ? "p2p" : "sfu";
  }

  #hasArrived(source: Source): boolean {
    const track = this.#tracks[this.#wanted].get(source);
    return track !== undefined && this.#arrived.has(track);
  }

  async #show(source: Source, track: MediaStreamTrack | null): Promise<void> {
    await this.show(source, track);
    if (track !== null) this.#seen.add(track);
    this.changed();
  }

  #update(source: Source): void {
    const wanted = this.#tracks[this.#wanted].get(source);
    const other = this.#tracks[this.#other].get(source);
    const track = this.#hasArrived(source) ? wanted : (other ?? wanted);
    if (track !== this.#shown.get(source)) {
      if (track === undefined) this.#shown.delete(source);
      else this.#shown.set(source, track);
      void this.#show(source, track ?? null);
    }
    this.changed();
  }
}
