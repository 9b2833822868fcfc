/**
 * A media connection that keeps itself alive: what WHIP and WHEP have in common.
 *
 * States: idle, connecting, connected, recovering (an ICE restart, or waiting to connect anew), failed
 * (somebody must do something first), closed. Losses are mended in this order: wait for ICE to heal,
 * restart ICE by PATCH, make a new session.
 */
import { applyFragment, fragmentOf } from "./fragment";
import { Refusal, refusalOf, type Send, SessionResource } from "./resource";

export type LinkState =
  | { phase: "idle" | "connecting" | "connected" | "closed" }
  | { phase: "recovering"; message: string; retryAt_ms: number | null }
  | { phase: "failed"; refusal: Refusal };

export interface LinkOptions {
  /** Path of the endpoint, such as "/whip/algebra". */
  endpoint: string;
  send: Send;
  createPeer?: () => RTCPeerConnection;
  /** Keep trying from the first attempt on, not only once connected. */
  persistent?: boolean;
  /** Asked before a lost session is made anew; a sentence forbids it and is shown. */
  whyNotAgain?: () => Promise<string | null>;
}

/** ICE often heals by itself within this time after "disconnected". */
const HEAL_MS = 2_000;
/** An ICE restart or a new connection must carry media within this time. */
const CONNECT_MS = 12_000;
const BACKOFF_MS = [1_000, 2_000, 4_000, 8_000, 15_000] as const;

const NO_MEDIA = new Refusal(
  "server",
  "No media connection came about. A firewall may be blocking UDP to the server's media port.",
);
const CONNECTION_LOST = "The connection was lost. Reconnecting.";

export abstract class MediaLink {
  #state: LinkState = { phase: "idle" };
  #peer: RTCPeerConnection | null = null;
  #resource: SessionResource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #wasConnected = false;
  /** Rises with each session, so that late answers of an older one are dropped. */
  #generation = 0;
  readonly #listeners = new Set<() => void>();

  constructor(protected readonly options: LinkOptions) {}

  /** Adds transceivers and tracks to a new connection, before the offer is made. */
  protected abstract prepare(peer: RTCPeerConnection): Promise<void> | void;

  /** The answer as it is given to the browser. */
  protected tuneAnswer(answer: string): string {
    return answer;
  }

  get state(): LinkState {
    return this.#state;
  }

  get peer(): RTCPeerConnection | null {
    return this.#peer;
  }

  /** Calls `listener` after every change of state; gives the function that ends this. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  getState = (): LinkState => this.#state;

  /** Connects. Does nothing while a connection exists or is being made. */
  start(): void {
    if (["connecting", "connected"].includes(this.#state.phase)) return;
    window.addEventListener("pagehide", this.#onPageHide);
    window.addEventListener("online", this.#onOnline);
    this.#attempt = 0;
    void this.#connect();
  }

  /** Leaves: tells the server and frees everything. */
  close(): void {
    window.removeEventListener("pagehide", this.#onPageHide);
    window.removeEventListener("online", this.#onOnline);
    this.#drop();
    this.#change({ phase: "closed" });
  }

  /** Connects anew at once instead of waiting for the next try. */
  retryNow(): void {
    if (this.#state.phase === "recovering" || this.#state.phase === "failed") void this.#connect();
  }

  readonly #onPageHide = () => this.close();
  readonly #onOnline = () => {
    if (this.#state.phase === "recovering") void this.#connect();
  };

  #change(state: LinkState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#generation += 1;
    void this.#resource?.delete();
    this.#resource = null;
    this.#peer?.close();
    this.#peer = null;
  }

  async #connect(): Promise<void> {
    this.#drop();
    const generation = this.#generation;
    const isCurrent = () => generation === this.#generation;
    this.#change(this.#wasConnected ? this.#recovering(null) : { phase: "connecting" });
    const peer = this.options.createPeer?.() ?? new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.#peer = peer;
    peer.addEventListener("connectionstatechange", () => isCurrent() && this.#onConnection(peer));
    try {
      await this.prepare(peer);
      const offer = await peer.createOffer();
      const resource = await SessionResource.create(
        this.options.send,
        this.options.endpoint,
        offer.sdp ?? "",
      );
      if (!isCurrent()) return void resource.delete();
      this.#resource = resource;
      takeServers(peer, resource);
      await peer.setLocalDescription(offer);
      await peer.setRemoteDescription({ type: "answer", sdp: this.tuneAnswer(resource.answer) });
      if (!isCurrent()) return;
      this.#watchDtls(peer, isCurrent);
      if (peer.connectionState !== "connected") this.#expectConnection();
    } catch (error) {
      if (isCurrent()) this.#onRefusal(refusalOf(error));
    }
  }

  /** A server that closes its side says so by DTLS, long before ICE notices. */
  #watchDtls(peer: RTCPeerConnection, isCurrent: () => boolean): void {
    const transport = peer.getTransceivers()[0]?.receiver.transport;
    transport?.addEventListener("statechange", () => {
      if (isCurrent() && (transport.state === "closed" || transport.state === "failed"))
        void this.#recover(peer);
    });
  }

  #expectConnection(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onRefusal(NO_MEDIA), CONNECT_MS);
  }

  #onConnection(peer: RTCPeerConnection): void {
    if (peer.connectionState === "connected") {
      clearTimeout(this.#timer);
      this.#attempt = 0;
      this.#wasConnected = true;
      this.#change({ phase: "connected" });
    } else if (peer.connectionState === "disconnected" && this.#state.phase === "connected") {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#recover(peer), HEAL_MS);
    } else if (peer.connectionState === "failed") {
      if (this.#state.phase === "connecting") this.#onRefusal(NO_MEDIA);
      else void this.#recover(peer);
    }
  }

  #recovering(retryAt_ms: number | null): LinkState {
    return { phase: "recovering", message: CONNECTION_LOST, retryAt_ms };
  }

  async #recover(peer: RTCPeerConnection): Promise<void> {
    clearTimeout(this.#timer);
    const generation = this.#generation;
    const resource = this.#resource;
    if (this.#state.phase !== "connected" || !resource) return;
    this.#change(this.#recovering(null));
    try {
      await restartIce(peer, resource);
      if (generation === this.#generation) this.#expectConnection();
    } catch (error) {
      if (generation === this.#generation) await this.#onLost(refusalOf(error));
    }
  }

  /** The session cannot be mended: make a new one, unless there is a reason not to. */
  async #onLost(refusal: Refusal): Promise<void> {
    const generation = this.#generation;
    if (refusal.kind !== "unreachable") {
      const reason = await (this.options.whyNotAgain?.() ?? Promise.resolve(null)).catch(() => null);
      if (generation !== this.#generation) return;
      if (reason) return this.#fail(new Refusal("occupied", reason));
    }
    this.#scheduleRetry(refusal);
  }

  #onRefusal(refusal: Refusal): void {
    const goOn = this.options.persistent || this.#wasConnected;
    const mayPass = refusal.passes || (this.options.persistent && refusal.retryAfter_s !== null);
    if (goOn && mayPass) this.#scheduleRetry(refusal);
    else this.#fail(refusal);
  }

  #fail(refusal: Refusal): void {
    this.#drop();
    this.#wasConnected = false;
    this.#change({ phase: "failed", refusal });
  }

  #scheduleRetry(refusal: Refusal): void {
    this.#drop();
    const step_ms = BACKOFF_MS[Math.min(this.#attempt, BACKOFF_MS.length - 1)] ?? BACKOFF_MS[0];
    const wait_ms = refusal.retryAfter_s === null ? step_ms : Math.max(step_ms, refusal.retryAfter_s * 1000);
    this.#attempt += 1;
    const message = this.#wasConnected ? CONNECTION_LOST : refusal.message;
    this.#change({ phase: "recovering", message, retryAt_ms: Date.now() + wait_ms });
    this.#timer = setTimeout(() => void this.#connect(), wait_ms);
  }
}

/** Before the local description, which starts to look for ways (RFC 9725 section 4.6). */
function takeServers(peer: RTCPeerConnection, { iceServers }: SessionResource): void {
  if (iceServers.length > 0) peer.setConfiguration({ ...peer.getConfiguration(), iceServers });
}

async function restartIce(peer: RTCPeerConnection, resource: SessionResource): Promise<void> {
  const answer = peer.remoteDescription?.sdp ?? "";
  const offer = await peer.createOffer({ iceRestart: true });
  const fragment = await resource.restartIce(fragmentOf(offer.sdp ?? ""));
  takeServers(peer, resource); // the credentials of those before may have expired
  await peer.setLocalDescription(offer);
  await peer.setRemoteDescription({ type: "answer", sdp: applyFragment(answer, fragment) });
}
