/**
 * Tells of one player from when it plays first: what happens, and with it what was played since the last word. What
 * comes to nobody's ears is kept by its session.
 */
import type { EventSession } from "../../analytics/event_session";
import type { EventType, SaidEvent } from "../../analytics/events";
import { beforeSigningOut } from "../../analytics/leaving";
import { isGoingOn } from "./gaps";
import { Played } from "./played";

const REPORT_EVERY_MS = 10_000;
/** What the server takes with one event. */
const MAX_SEGMENTS = 100;
/** Who drags along the line of time seeks once. */
const SETTLED_MS = 400;
/** One that is attached anew goes on where it was if it seeks this near to there: nobody has sought. */
const SAME_S = 0.5;

interface Seek {
  from_s: number;
  to_s: number;
  /** It was the first after the video was emptied. */
  anew: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class WatchTeller {
  readonly #id: string;
  readonly #video: HTMLVideoElement;
  readonly #session: EventSession;
  readonly #played = new Played();
  #begun = false;
  #paused = true;
  /** Nothing has happened since it was said that the page is left. */
  #stopped = true;
  #height = 0;
  /** Where it was when it stopped or jumped last: browsers tell of playing when it has gone on already. */
  #stood_s: number | null = null;
  #seek: Seek | null = null;
  /** Where it was seen last. One that is emptied, as it fails or is attached anew, is at 0 until it plays or seeks. */
  #seen_s = 0;
  #stands = false;

  constructor(id: string, video: HTMLVideoElement, session: EventSession) {
    this.#id = id;
    this.#video = video;
    this.#session = session;
  }

  /** Listens until the function that it gives is called. */
  start(): () => void {
    const listening = new AbortController();
    const on = (target: EventTarget, name: string, listener: () => void) =>
      target.addEventListener(name, listener, { signal: listening.signal });
    on(this.#video, "play", () => this.#stand(this.#stood_s ?? this.#at_s));
    on(this.#video, "playing", () => this.#play());
    on(this.#video, "timeupdate", () => this.#look());
    on(this.#video, "seeking", () => this.#jump());
    on(this.#video, "seeked", () => this.#settle());
    on(this.#video, "ratechange", () => this.#halt());
    on(this.#video, "resize", () => this.#showQuality());
    on(this.#video, "waiting", () => this.#stall());
    on(this.#video, "pause", () => this.#pause());
    on(this.#video, "emptied", () => this.#empty());
    on(this.#video, "ended", () => this.#tell("completed"));
    on(document, "visibilitychange", () => document.visibilityState === "hidden" && this.#leave());
    on(window, "pagehide", () => this.#leave());
    on(window, "online", () => void this.#session.flush());
    const timer = setInterval(() => this.#report(), REPORT_EVERY_MS);
    const stay = beforeSigningOut(async () => {
      this.#sayLast();
      await this.#session.end();
    });
    return () => {
      stay();
      listening.abort();
      clearInterval(timer);
      this.#leave();
    };
  }

  /** Where the video stands, or stood before it was emptied. */
  get #at_s(): number {
    if (this.#stands && this.#video.readyState > 0) this.#seen_s = this.#video.currentTime;
    return this.#seen_s;
  }

  /** Says it, with what was played; as of where the video stands, or stood, or of another position. */
  #say(type: EventType, metadata?: SaidEvent["metadata"], position_s = this.#at_s): void {
    const at = { recording_id: this.#id, timestamp: new Date().toISOString() };
    const segments = this.#played.take();
    while (segments.length > MAX_SEGMENTS)
      this.#session.say({ ...at, event_type: "progress", segments: segments.splice(0, MAX_SEGMENTS) });
    this.#session.say({
      ...at,
      event_type: type,
      position: milliseconds(position_s),
      ...(segments.length > 0 && { segments }),
      ...(metadata && { metadata }),
    });
    this.#stopped = type === "stopped";
  }

  /** Says it, and sends it now. */
  #tell(type: EventType, metadata?: SaidEvent["metadata"]): void {
    if (!this.#begun) return;
    this.#sought();
    this.#say(type, metadata);
    void this.#session.flush();
  }

  #play(): void {
    this.#stands = true;
    const type = this.#begun ? "resumed" : "started";
    this.#begun = true;
    if (this.#paused) this.#tell(type); // from the first on, time counts
    this.#paused = false;
    this.#showQuality();
    this.#look();
  }

  #look(): void {
    if (!this.#video.seeking) this.#stand(this.#at_s);
  }

  #stand(position_s: number): void {
    if (!this.#video.paused) this.#played.at(position_s, this.#video.playbackRate, performance.now());
  }

  /** A stretch ends here. */
  #halt(): void {
    this.#stood_s = this.#at_s;
    this.#played.stop(this.#stood_s);
  }

  #pause(): void {
    this.#halt();
    this.#paused = true;
    if (!this.#video.ended) this.#tell("paused"); // at the end that is what is said
  }

  #empty(): void {
    this.#stands = false;
    this.#halt();
  }

  #jump(): void {
    if (isGoingOn(this.#video)) return;
    const anew = !this.#stands;
    this.#stands = true;
    const to_s = this.#at_s;
    const from_s = this.#played.jump(this.#video.played, performance.now()) ?? this.#stood_s ?? to_s;
    // It plays on from there, whenever that is heard of.
    this.#stood_s = to_s;
    this.#stand(to_s);
    if (!this.#begun) return;
    clearTimeout(this.#seek?.timer);
    this.#seek = { ...(this.#seek ?? { from_s, anew }), to_s, timer: undefined };
  }

  #settle(): void {
    if (!this.#seek) return;
    clearTimeout(this.#seek.timer);
    this.#seek.timer = setTimeout(() => {
      this.#sought();
      void this.#session.flush();
    }, SETTLED_MS);
  }

  /** Says that somebody sought, where that is not said yet. */
  #sought(): void {
    if (!this.#seek) return;
    const { from_s, to_s, anew, timer } = this.#seek;
    clearTimeout(timer);
    this.#seek = null;
    if (anew && Math.abs(to_s - from_s) < SAME_S) return;
    this.#say("seeked", { from: milliseconds(from_s) }, to_s);
  }

  #stall(): void {
    if (this.#begun && !this.#video.seeking && !this.#video.paused) this.#say("buffering");
  }

  /** As it is seen: rungs of a ladder differ in their height. */
  #showQuality(): void {
    const height = this.#video.videoHeight;
    if (!this.#begun || height === 0 || height === this.#height) return;
    this.#height = height;
    this.#say("quality_changed", { quality: `${height}p` });
  }

  #report(): void {
    // While the server does not answer, what is played grows together instead of being kept in pieces.
    if (!this.#video.paused && !this.#session.stuck) this.#tell("progress");
  }

  #leave(): void {
    this.#sayLast();
    void this.#session.flush(true);
  }

  #sayLast(): void {
    if (!this.#begun) return;
    this.#look();
    this.#sought();
    if (!this.#stopped) this.#say("stopped");
  }
}

const milliseconds = (seconds: number): number => Math.max(0, Math.round(seconds * 1000) / 1000);
