/**
 * What comes directly from the other of two, in place of what comes through the server. Who is alone with whom, and
 * when the way changes, says the server; how it changes without a gap is `p2p.ts`'s.
 */
import { CallBetweenTwo, type Source } from "./p2p";
import { SOURCES } from "./p2p_handover";
import type { Joined, Push, Pushed } from "./protocol";
import type { Tracks } from "./receiver";
import type { ClassState } from "./state";
import { Store } from "./store";
import type { CallServer } from "./wire";

export interface DirectMedia {
  /** Who sends it. */
  peerId: string;
  tracks: ReadonlyMap<Source, MediaStreamTrack>;
}

export interface DirectOptions {
  call: CallServer;
  iceServers: RTCIceServer[];
  /** Whether we send and receive through the server from now on. */
  useServer: (use: boolean) => void;
}

const PUSHES = new Set<Push>([
  "mode-changed",
  "peer-muted",
  "webrtc-offer",
  "webrtc-answer",
  "ice-candidate",
  "participant-left",
]);

export class DirectWay {
  /** What is shown and heard of the other directly; null while all of it comes through the server. */
  readonly media = new Store<DirectMedia | null>(null);
  readonly #between: CallBetweenTwo;
  readonly #mine = new Map<Source, MediaStreamTrack | null>();
  /** What comes of the other through the server. */
  readonly #served = new Map<Source, MediaStreamTrack>();
  #peer = "";

  constructor({ call, iceServers, useServer }: DirectOptions) {
    const page = {
      call,
      goThroughServer: async (use: boolean) => useServer(use),
      show: (source: Source, track: MediaStreamTrack | null) => this.#show(source, track),
    };
    this.#between = new CallBetweenTwo(page, iceServers);
  }

  /** Says that we can. Rejects when the server does not let us. */
  async start(): Promise<void> {
    await this.#between.start();
    this.#notePeer();
  }

  receive(event: Push, data: Pushed<Push>): void {
    if (!PUSHES.has(event)) return;
    this.#between.receive(event, data as unknown as Record<string, unknown>);
    this.#notePeer();
  }

  /** What we send now, by whichever way. */
  send(wishes: Readonly<Record<Source, MediaStreamTrack | null>>): void {
    for (const source of SOURCES) {
      const track = wishes[source];
      if ((this.#mine.get(source) ?? null) === track) continue;
      this.#mine.set(source, track);
      this.#between.setTrack(source, track);
    }
  }

  /** What comes through the server now: of the other it may take the place of what comes directly. */
  serve(media: ClassState["media"], tracks: Tracks): void {
    if (!this.#peer) return;
    for (const source of SOURCES) {
      const of = media.find((one) => one.owner === this.#peer && directSource(one) === source);
      const track = (of && !of.paused && tracks.get(of.id)) || null;
      if ((this.#served.get(source) ?? null) === track) continue;
      if (track) this.#served.set(source, track);
      else this.#served.delete(source);
      this.#between.serverTrack(source, track);
    }
  }

  back(snapshot: Joined | null): void {
    this.#between.back(snapshot);
    this.#notePeer();
  }

  close(): void {
    this.#between.close();
    this.media.set(null);
  }

  /** The server names the other only while the call is direct; afterwards they are still whom we hand over from. */
  #notePeer(): void {
    const { peerId } = this.#between.mode;
    if (!peerId || peerId === this.#peer) return;
    this.#peer = peerId;
    this.#served.clear();
  }

  #show(source: Source, track: MediaStreamTrack | null): void {
    const tracks = new Map(this.media.get()?.tracks);
    if (track && track !== this.#served.get(source)) tracks.set(source, track);
    else tracks.delete(source);
    this.media.set(tracks.size > 0 ? { peerId: this.#peer, tracks } : null);
  }
}

/** The server counts the sound of a shared screen under one source with its picture. */
export const directSource = ({ kind, source }: ClassState["media"][number]): Source | null => {
  if (source === "screen") return kind === "audio" ? "screen-sound" : "screen";
  return kind === (source === "microphone" ? "audio" : "video") ? source : null;
};
