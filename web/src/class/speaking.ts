/** Whose voice is heard just now: read from what is received, sooner than the server could tell it. */
import { LevelReader } from "../webrtc/level";
import type { ClassSession } from "./session";
import { Store } from "./store";

const LOOK_MS = 200;
/** Linear level of the RTP extension (RFC 6464 as the browser gives it, 0 to 1) from which somebody speaks. */
const LOUD = 0.02;
const OWN_LOUD_DB = -42;
/** A pause within a sentence does not end it. */
const HOLD_MS = 700;

export interface Speaking {
  now: ReadonlySet<string>;
}

/** Pure: turns levels into whose voice is heard. */
export class SpeakingWatch {
  readonly #heard = new Map<string, number>();

  receive(loud: Iterable<string>, now_ms: number): Speaking {
    for (const id of loud) this.#heard.set(id, now_ms);
    for (const [id, last_ms] of this.#heard) if (now_ms - last_ms > HOLD_MS) this.#heard.delete(id);
    return { now: new Set(this.#heard.keys()) };
  }
}

const same = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every((one) => b.has(one));

/** Watches a session until it is closed. */
export class SpeakingReader {
  readonly store = new Store<Speaking>({ now: new Set() });
  readonly #watch = new SpeakingWatch();
  #timer: ReturnType<typeof setInterval> | undefined;
  #own: LevelReader | null = null;
  #ownTrack: MediaStreamTrack | null = null;

  constructor(private readonly session: ClassSession) {}

  open(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closeOwn();
  }

  /** After the class nothing listens to the microphone any more. */
  #closeOwn(): void {
    this.#own?.close();
    this.#own = this.#ownTrack = null;
  }

  #look(): void {
    const state = this.session.state.get();
    const receiver = this.session.media?.receiver;
    if (!state || !receiver) {
      this.#closeOwn();
      return;
    }
    const loud = new Set<string>();
    for (const one of state.media) {
      if (one.source !== "microphone" || one.paused) continue;
      const [source] = receiver.consumerOf(one.id)?.rtpReceiver?.getSynchronizationSources() ?? [];
      if ((source?.audioLevel ?? 0) > LOUD) loud.add(one.owner);
    }
    if (this.#ownIsLoud()) loud.add(state.me);
    const before = this.store.get();
    const after = this.#watch.receive(loud, performance.now());
    if (!same(before.now, after.now)) this.store.set(after);
  }

  #ownIsLoud(): boolean {
    const { microphone, microphoneOn } = this.session.own.getState();
    if (microphone !== this.#ownTrack) {
      this.#own?.close();
      this.#ownTrack = microphone;
      this.#own = microphone ? new LevelReader(microphone) : null;
    }
    const reader = this.#own;
    return microphoneOn && reader?.running === true && reader.read() > OWN_LOUD_DB;
  }
}
