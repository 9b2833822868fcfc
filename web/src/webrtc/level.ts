/** How loud a track is. */

/** Reads the level of a track in dBFS until it is closed. */
export class LevelReader {
  readonly #context: AudioContext;
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser);
    // Without a gesture so far the context stands still: the first one wakes it.
    if (this.#context.state === "suspended")
      window.addEventListener("pointerdown", this.#wake, { once: true });
  }

  /** False while the browser holds sound back: what is read then says nothing of the track. */
  get running(): boolean {
    return this.#context.state === "running";
  }

  readonly #wake = () => void this.#context.resume();

  /** Root mean square of the last 1024 samples in dBFS; -Infinity for digital silence. */
  read = (): number => {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return 10 * Math.log10(sum / this.#samples.length);
  };

  close(): void {
    window.removeEventListener("pointerdown", this.#wake);
    void this.#context.close();
  }
}
