/**
 * Calls between two: what two people in a room send comes directly or through the server, as `mode-changed` says,
 * and when that changes nothing of it is missed. Rules and messages: docs/protocol.md, "Calls between two".
 */

import { DirectConnection, type DirectEvents, type Relayed } from "./p2p_connection";
import { firstFrame, Handover, type Show, SOURCES, type Source, type Way } from "./p2p_handover";
import type { Call, CallMode, Joined, Payload, Reply } from "./protocol";

export type { Source, Way };

/** What the page does for a call. */
export interface CallPage {
  /** Calls the server; rejects when that refuses. */
  call<E extends Call>(event: E, payload: Payload<E>): Promise<Reply<E>>;
  /** Sends and receives through the server (produce, consume), or does not any more. */
  goThroughServer(use: boolean): Promise<void>;
  show: Show;
}

/** How long a new way may take until it has everything; then a direct one is given up, and the server's is taken as it is. */
export const HANDOVER_WITHIN_MS = 10_000;

const NOWHERE: CallMode = { mode: "sfu", peerId: null, offers: false, reason: null };

/** The call of somebody with whoever else is alone with them in the room. */
export class CallBetweenTwo {
  readonly #mine = new Map<Source, MediaStreamTrack>();
  readonly #handover: Handover;
  /** What the other sends directly now, and of that what the server says is not to be taken. */
  readonly #coming = new Map<Source, MediaStreamTrack>();
  readonly #silenced = new Set<Source>();
  #mode: CallMode = NOWHERE;
  #direct: DirectConnection | null = null;
  #said = false;
  /** The newest of the other; it may hear of a switch before this one does. */
  #heard = "";
  #usesServer = false;
  #serverTurns: Promise<void> = Promise.resolve();
  #withdrawn = false;
  /** How often the mode was pushed. */
  #pushes = 0;
  #late: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly page: CallPage,
    private readonly iceServers: RTCIceServer[] = [],
    arrival = firstFrame,
    private readonly connect = (offers: boolean, events: DirectEvents): DirectConnection =>
      new DirectConnection(offers, this.#mine, events, this.iceServers),
  ) {
    this.#handover = new Handover(page.show.bind(page), () => this.#check(), arrival);
  }

  /** Whether a direct connection is there (still). */
  get isDirect(): boolean {
    return this.#direct !== null;
  }

  get mode(): CallMode {
    return this.#mode;
  }

  /** Tells the server that a direct call can be had, and sends by the way it says. After `join-room`. */
  async start(): Promise<void> {
    this.#withdrawn = false;
    const before = this.#pushes;
    const mode = await this.page.call("ready-for-p2p", { ready: true });
    if (this.#pushes === before) this.#change(mode); // else what was pushed meanwhile is newer
    if (this.#mode.mode === "sfu") await this.#throughServer(true);
  }

  /** What one sends oneself, by whichever way; the page produces it when it uses the server. */
  setTrack(source: Source, track: MediaStreamTrack | null): void {
    if (track !== null && !this.#mine.has(source)) this.#direct?.say(begins(source));
    if (track === null) this.#mine.delete(source);
    else this.#mine.set(source, track);
    this.#direct?.setTrack(source, track);
  }

  /** What comes of the other through the server; null: not any more. */
  serverTrack(source: Source, track: MediaStreamTrack | null): void {
    if (track === null) this.#handover.remove("sfu", source);
    else this.#handover.add("sfu", source, track);
  }

  /** Takes every push of the server. */
  receive(event: string, data: Record<string, unknown>): void {
    if (event === "mode-changed") {
      this.#pushes++;
      this.#change(data as unknown as CallMode);
    } else if (event === "peer-muted") {
      if (data.participantId === this.#mode.peerId) this.#silence(data.source as Source);
    } else if (event === "participant-left" && this.#withdrawn) void this.start().catch(() => {});
    else if (data.from === this.#mode.peerId && data.from !== null) this.#direct?.receive(event, data);
  }

  /** The connection to the server was lost and is back; with a snapshot when more was missed than is kept. */
  back(snapshot: Joined | null): void {
    const call = snapshot?.state.call;
    if (call !== undefined) this.#change(call);
    if (this.#mode.mode !== "p2p") return;
    if (this.#direct === null)
      this.#withdraw(); // it ended when nobody could be told
    else if (snapshot !== null) this.#direct.offerAnew(); // an offer may be among what was missed
  }

  /** Leaves the call. */
  close(): void {
    clearTimeout(this.#late);
    this.#closeDirect();
  }

  #change(mode: CallMode): void {
    const before = this.#mode;
    this.#mode = mode;
    if (mode.mode === before.mode && mode.peerId === before.peerId) return;
    this.#said = false;
    clearTimeout(this.#late);
    this.#late = setTimeout(() => this.#beLate(), HANDOVER_WITHIN_MS);
    if (mode.mode === "p2p") {
      this.#closeDirect();
      this.#heard = "";
      this.#direct = this.connect(mode.offers, this.#directEvents(String(mode.peerId)));
    } else {
      if (mode.reason === "left") this.#closeDirect();
      void this.#throughServer(true).catch(() => {});
    }
    this.#handover.prefer(mode.mode);
    this.#check();
  }

  #directEvents(peerId: string): DirectEvents {
    return {
      relay: (event, payload) => {
        // Refused when the mode has just changed; then the connection is not needed either.
        const told = { to: peerId, ...payload } as Payload<Relayed>;
        if (this.#mode.mode === "p2p") void this.page.call(event, told).catch(() => {});
      },
      received: (source, track) => this.#received(source, track),
      opened: () => this.#check(),
      heard: (message) => this.#hear(message),
      ended: () => this.#directEnded(),
    };
  }

  /** The server says that the other was muted: what comes of it now is not taken, until they begin anew. */
  #silence(source: Source): void {
    for (const one of source === "screen" ? (["screen", "screen-sound"] as const) : [source]) {
      if (!this.#coming.has(one)) continue;
      this.#silenced.add(one);
      this.#handover.remove("p2p", one);
    }
  }

  /** What the other says on the data channel: that they have all by the new way, or begin to send something. */
  #hear(message: string): void {
    const source = SOURCES.find((one) => message === begins(one));
    if (source === undefined) {
      this.#heard = message;
      this.#check();
      return;
    }
    const track = this.#coming.get(source);
    if (this.#silenced.delete(source) && track) this.#handover.add("p2p", source, track);
  }

  #received(source: Source, track: MediaStreamTrack | null): void {
    if (track !== null) {
      this.#coming.set(source, track);
      if (!this.#silenced.has(source)) this.#handover.add("p2p", source, track);
      return;
    }
    this.#coming.delete(source);
    this.#silenced.delete(source);
    this.#handover.remove("p2p", source);
  }

  /** Closes what is not needed any more once both have everything by the new way. */
  #check(): void {
    const direct = this.#direct;
    if (direct === null || !direct.isOpen) return;
    if (!this.#said && this.#handover.complete) {
      this.#said = true;
      direct.say(said(this.#mode.mode));
    }
    if (!this.#bothHaveAll) return;
    clearTimeout(this.#late);
    if (this.#mode.mode === "sfu") this.#closeDirect();
    else void this.#throughServer(false).catch(() => {});
  }

  get #bothHaveAll(): boolean {
    return this.#said && this.#heard === said(this.#mode.mode);
  }

  #directEnded(): void {
    this.#closeDirect();
    if (this.#mode.mode === "p2p") this.#withdraw();
  }

  #beLate(): void {
    if (this.#mode.mode === "sfu") this.#closeDirect();
    else if (!this.#bothHaveAll) this.#directEnded();
  }

  /** No direct connection comes about, or it broke: both go through the server until the other has left. */
  #withdraw(): void {
    this.#withdrawn = true;
    void this.page.call("ready-for-p2p", { ready: false }).catch(() => {});
  }

  #closeDirect(): void {
    const direct = this.#direct;
    this.#direct = null;
    direct?.close();
    this.#coming.clear();
    this.#silenced.clear();
    this.#handover.clear("p2p");
  }

  async #throughServer(use: boolean): Promise<void> {
    if (this.#usesServer === use) return;
    this.#usesServer = use;
    if (!use) this.#handover.clear("sfu");
    this.#serverTurns = this.#serverTurns.catch(() => {}).then(() => this.page.goThroughServer(use));
    await this.#serverTurns;
  }
}

function begins(source: Source): string {
  return JSON.stringify({ begins: source });
}

function said(way: Way): string {
  return JSON.stringify({ has: way });
}
