/** How loud the person wants a video, kept apart from how loud it is while something else is heard in its place. */
import type { RefObject } from "react";

export interface Loudness {
  /** 0 to 1. */
  volume: number;
  muted: boolean;
}

export class Sound {
  #silent = false;
  #muted = false;

  /** Told of what the video itself may not tell. */
  onChange: () => void = () => undefined;

  constructor(private readonly video: RefObject<Pick<HTMLVideoElement, "volume" | "muted"> | null>) {}

  /** What is wanted: of the video, which the browser may change too, unless it is silent. */
  wanted(): Loudness {
    const video = this.video.current;
    if (!video) return { volume: 1, muted: false };
    return { volume: video.volume, muted: this.#silent ? this.#muted : video.muted };
  }

  want({ volume, muted }: Partial<Loudness>): void {
    const video = this.video.current;
    if (!video) return;
    if (muted !== undefined) {
      this.#muted = muted;
      if (!this.#silent) video.muted = muted;
    }
    if (volume !== undefined) video.volume = volume;
    this.onChange();
  }

  /** Something else is heard in place of it, or not any more. */
  silence(silent: boolean): void {
    const video = this.video.current;
    if (!video || silent === this.#silent) return;
    if (silent) this.#muted = video.muted;
    this.#silent = silent;
    video.muted = silent || this.#muted;
  }
}
