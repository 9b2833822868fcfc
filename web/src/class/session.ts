/**
 * One person's visit to a class, from the door to the end: what the connection, the media and the devices do together.
 *
 * The page watches the stores and calls the methods; nothing here knows of React.
 */

import { guestKey } from "../session/guest";
import { type DirectMedia, DirectWay } from "./direct";
import { layerFor } from "./encodings";
import { ClassMedia, type MediaEvents } from "./media";
import type { OwnMedia } from "./own_media";
import type { Notice, Phase } from "./phase";
import type {
  Call,
  ConnectionEvents,
  Joined,
  Push,
  Pushed,
  Pushes,
  Reply,
  RouterRtpCapabilities,
} from "./protocol";
import { Readings } from "./readings";
import type { Tracks } from "./receiver";
import { OUTLETS, type Outlet } from "./sender";
import { Signalling, type SignallingOptions } from "./signalling";
import { apply, type ClassState, enter } from "./state";
import { Store } from "./store";
import type { TransportHealth } from "./transport";
import { type CallServer, codeOf, type Given } from "./wire";
import { wishesOf } from "./wishes";
import { NOT_ALLOWED, RIGHT_FOR, STOPPED, STOPPED_MEANWHILE } from "./words";

type Deeds = { readonly [E in Push]?: (data: Pushes[E]) => void };

export interface SessionOptions {
  slug: string;
  roomName: string;
  token: () => Promise<string | null>;
  own: OwnMedia;
  /** How many bits a second the camera may take. */
  cameraBitrate_bps: number;
  openLine?: (options: SignallingOptions) => Signalling;
  openMedia?: (
    capabilities: RouterRtpCapabilities,
    call: CallServer,
    events: MediaEvents,
  ) => Promise<ClassMedia>;
}

const NO_TRACKS: Tracks = new Map();
/** How long it waits for a server that has said that it ends: a restart takes seconds. */
export const RESTART_MS = 120_000;
const NOT_BACK = "The server has ended, and was not there again within two minutes.";

export class ClassSession {
  readonly phase = new Store<Phase>({ name: "door" });
  readonly state = new Store<ClassState | null>(null);
  readonly tracks = new Store<Tracks>(NO_TRACKS);
  readonly health = new Store<TransportHealth>("new");
  /** What comes directly from the other of two. */
  readonly direct = new Store<DirectMedia | null>(null);
  onNotice: (notice: Notice) => void = () => undefined;
  /** Something is told to the person that is not of this room. */
  onNews: (news: ConnectionEvents["news"]) => void = () => undefined;

  #line: Signalling | null = null;
  #media: ClassMedia | null = null;
  #direct: DirectWay | null = null;
  /** False while all media goes directly to the other of two. */
  #usesServer = true;
  #name = "";
  /** Pushes that are here before the answer which they follow; null while none is awaited. */
  #early: { event: Push; data: Pushed<Push> }[] | null = null;
  #looked: ReadonlyMap<string, number> = new Map();
  #stopHearing: () => void = () => undefined;
  /** Rises with each visit and each end, so that late answers of an older one are dropped. */
  #generation = 0;
  #restart: ReturnType<typeof setTimeout> | undefined;
  readonly #readings: Readings;

  constructor(private readonly options: SessionOptions) {
    this.#readings = new Readings(this.state, this.call, () => {
      const generation = this.#generation;
      return () => generation === this.#generation;
    });
  }

  get own(): OwnMedia {
    return this.options.own;
  }

  get media(): ClassMedia | null {
    return this.#media;
  }

  /** Goes in; `name` is what a guest is called. */
  join(name = ""): void {
    this.#end();
    this.#name = name;
    this.phase.set({ name: "connecting" });
    this.#stopHearing = this.own.subscribe(() => this.#sync());
    window.addEventListener("pagehide", this.#pageHidden);
    window.addEventListener("online", this.#online);
    const line = (this.options.openLine ?? ((options) => new Signalling(options)))({
      token: this.options.token,
      moments: {
        ready: () => void this.#joinRoom(),
        lost: () => this.#lost(),
        back: (snapshot) => this.#back(snapshot),
        admitted: (joined) => void this.#enter(joined),
        denied: (reason) => this.#finish({ name: "denied", reason }),
        news: (news) => this.onNews(news),
        ended: (message, code) => this.#finish({ name: "failed", message, code }),
      },
    });
    line.onAny((event, data) => this.#heard(event, data));
    this.#line = line;
    line.connect();
  }

  /** Makes a call. Throws CallError with the server's sentence. */
  call: CallServer = async <E extends Call>(event: E, ...payload: Given<E>): Promise<Reply<E>> => {
    if (!this.#line) throw new Error("You are not in the class.");
    return this.#line.call(event, ...payload);
  };

  /** At once, whether the server answers or not: it hears it with the end of the connection too. */
  leave(): void {
    void this.#line?.call("leave-room").catch(() => undefined);
    this.#finish({ name: "left" });
  }

  /** Which producers' pictures can be seen now, and how wide in device pixels; sound is taken always. */
  look(widths_px: ReadonlyMap<string, number>): void {
    this.#looked = widths_px;
    this.#sync();
  }

  readonly #pageHidden = (event: PageTransitionEvent) => {
    if (!event.persisted) this.#line?.close();
  };

  readonly #online = () => this.#line?.hurry();

  async #joinRoom(): Promise<void> {
    const generation = ++this.#generation;
    clearTimeout(this.#restart);
    this.#dropMedia();
    this.#early = [];
    const wish = {
      roomId: this.options.slug,
      ...(this.#name && { full_name: this.#name, guest_key: guestKey() }),
    };
    try {
      const answer = await this.call("join-room", wish);
      if (generation !== this.#generation) return;
      if ("waiting" in answer) this.phase.set({ name: "waiting" });
      else await this.#enter(answer);
    } catch (error) {
      if (generation === this.#generation && codeOf(error) !== "lost") this.#fail(error);
    }
  }

  async #enter(joined: Joined): Promise<void> {
    const generation = this.#generation;
    const before = this.state.get();
    const name = before?.name ?? this.options.roomName;
    const state = { ...enter(joined, before, Date.now()), name };
    this.state.set(state);
    const early = this.#early ?? [];
    this.#early = null;
    for (const { event, data } of early) if (data.seq > joined.seq) this.#heard(event, data);
    try {
      const open = this.options.openMedia ?? ClassMedia.open;
      const media = await open(joined.mediasoup.rtpCapabilities, this.call, {
        tracks: (tracks) => {
          this.tracks.set(tracks);
          this.#sync();
        },
        paused: (id, paused) =>
          this.#apply(paused ? "producer-paused" : "producer-resumed", { producerId: id, consumerId: "" }),
        refused: (outlet, error) => this.#refused(outlet, error),
        health: (health) => this.health.set(health),
        gone: () => void this.#joinRoom(),
      });
      if (generation !== this.#generation) return media.close();
      this.#media = media;
    } catch (error) {
      if (generation === this.#generation) this.#fail(error);
      return;
    }
    if (state.call && state.settings.p2p && !state.stream) await this.#goDirect();
    if (generation !== this.#generation) return;
    this.phase.set({ name: "in", lost: false });
    this.#sync();
    this.#readings.readAll();
  }

  /** Offers the server that we can send to one other directly; without a word from it all goes through the server. */
  async #goDirect(): Promise<void> {
    const media = this.#media;
    if (!media || this.#direct) return;
    const iceServers = await media.iceServers().catch(() => []);
    if (media !== this.#media || this.#direct) return;
    const direct = new DirectWay({
      call: this.call,
      iceServers,
      useServer: (use) => {
        this.#usesServer = use;
        this.#sync();
      },
    });
    this.#direct = direct;
    direct.media.subscribe(() => this.direct.set(direct.media.get()));
    // With more than two the server will not let us: what is sent through it goes on.
    this.#usesServer = (this.state.get()?.people.length ?? 0) > 2;
    this.#tellDirect();
    await direct.start().catch(() => {
      this.#usesServer = true;
      this.#sync();
    });
  }

  /** Tells the direct way what we send and what comes through the server. */
  #tellDirect(): void {
    const state = this.state.get();
    if (!state || !this.#direct) return;
    const { microphone, microphoneOn, camera, screen, screenSound } = this.own.getState();
    this.#direct.send({
      microphone: state.may.speak && microphoneOn ? microphone : null,
      camera: state.may.camera ? camera : null,
      screen: state.may.share ? screen : null,
      "screen-sound": state.may.share ? screenSound : null,
    });
    this.#direct.serve(state.media, this.tracks.get());
  }

  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : "The class could not be entered.";
    this.#finish({ name: "failed", message, code: codeOf(error) });
  }

  #lost(): void {
    const { name } = this.phase.get();
    if (name === "in") this.phase.set({ name: "in", lost: true });
    else if (name === "waiting") this.phase.set({ name: "connecting" });
  }

  #back(snapshot: Joined | null): void {
    if (snapshot) {
      const before = this.state.get();
      this.state.set({ ...enter(snapshot, before, Date.now()), name: before?.name ?? this.options.roomName });
    }
    this.phase.set({ name: "in", lost: false });
    if (snapshot) {
      void this.#readings.readChat();
      void this.#readings.readRecording();
    }
    this.#direct?.back(snapshot);
    if (snapshot) this.#catchUp(snapshot);
    this.#media?.heal();
    this.#sync();
  }

  /** Much was missed, what the server has stopped or closed of ours among it. */
  #catchUp({ mediasoup: { own } }: Joined): void {
    for (const outlet of this.#media?.reconcile(own) ?? []) {
      this.#switchOff(outlet);
      this.onNotice({ text: STOPPED_MEANWHILE[outlet], tone: "wrong" });
    }
  }

  #heard<E extends Push>(event: E, data: Pushed<E>): void {
    const ending = this.#endings[event];
    if (ending) {
      ending(data);
      return;
    }
    if (this.#early) {
      this.#early.push({ event, data });
      return;
    }
    // What it means for our media is decided by the rights of now.
    this.state.update((state) => state && apply(state, event, data));
    this.#reactions[event]?.(data);
    this.#sync();
    this.#direct?.receive(event, data);
    const state = this.state.get();
    if (event === "settings-changed" && state?.call && state.settings.p2p && !state.stream)
      void this.#goDirect();
    if (this.#changesChat(event, data)) void this.#readings.readChat();
  }

  /** Whether this one may read another choice of messages from now on. */
  #changesChat(event: Push, data: Pushed<Push>): boolean {
    if (event === "breakout-moved")
      return "participantId" in data && data.participantId === this.state.get()?.me;
    return event === "chat-cleared" || event === "breakouts-opened" || event === "breakouts-closed";
  }

  /** Pushes after which nothing of this visit goes on. */
  readonly #endings: Deeds = {
    kicked: ({ reason, banned }) => this.#finish({ name: "removed", reason, banned }),
    "room-closed": ({ reason, server_ends }) =>
      server_ends ? this.#awaitRestart() : this.#finish({ name: "ended", reason }),
  };

  /** The connection is lost next and comes back with the server; then we join anew. */
  #awaitRestart(): void {
    this.#generation += 1;
    this.#dropMedia();
    this.#lost();
    clearTimeout(this.#restart);
    this.#restart = setTimeout(() => this.#finish({ name: "ended", reason: NOT_BACK }), RESTART_MS);
  }

  /** What pushes mean for our own media, once the state knows of them. */
  readonly #reactions: Deeds = {
    muted: ({ producerId, source, by }) => {
      const outlet = producerId === null ? source : this.#media?.sender.outletOf(producerId);
      const name = this.state.get()?.people.find((one) => one.id === by)?.name ?? "Somebody";
      if (!outlet || (producerId === null && !this.#sendsDirectly(source))) return;
      if (producerId !== null && outlet === "microphone") this.#media?.sender.note(outlet, true);
      else if (producerId !== null) this.#media?.sender.forget(outlet);
      this.#switchOff(outlet);
      this.onNotice({ text: `${name} ${STOPPED[outlet]}`, tone: "wrong" });
    },
    "producer-closed": ({ producerId }) => {
      const outlet = this.#media?.sender.outletOf(producerId);
      if (!outlet) return;
      this.#media?.sender.forget(outlet);
      this.#switchOff(outlet);
    },
    "settings-changed": ({ may }) => {
      for (const outlet of OUTLETS) if (!may[RIGHT_FOR[outlet]]) this.#lostRight(outlet);
    },
    "layers-watched": ({ producerId, spatialLayers }) => this.#media?.sender.watch(producerId, spatialLayers),
    "consumer-closed": ({ producerId }) => this.#media?.receiver.drop(producerId),
  };

  /** What nobody may be sent is not held open, whenever it was opened. */
  #closeForbidden({ may }: ClassState): void {
    const { microphoneOn, camera, screen } = this.own.getState();
    if (!may.camera && camera) void this.own.setCameraOn(false);
    if (!may.speak && microphoneOn) void this.own.setMicrophoneOn(false);
    if (!may.share && screen) this.own.stopScreen();
  }

  /** What was sent and may not be any more: the server has closed it, and says so next. */
  #lostRight(outlet: Outlet): void {
    if (!this.#media?.sender.producerOf(outlet)) return;
    this.#media.sender.forget(outlet);
    this.#switchOff(outlet);
    this.onNotice({ text: NOT_ALLOWED[outlet], tone: "wrong" });
  }

  #apply<E extends Push>(event: E, data: Pushes[E]): void {
    this.state.update((state) => state && apply(state, event, data));
    this.#sync();
  }

  #refused(outlet: Outlet, error: unknown): void {
    this.#switchOff(outlet);
    this.onNotice({
      text: error instanceof Error ? error.message : "This could not be sent.",
      tone: "wrong",
    });
  }

  #sendsDirectly(source: "microphone" | "camera" | "screen"): boolean {
    const { microphoneOn, camera, screen } = this.own.getState();
    return { microphone: microphoneOn, camera: camera !== null, screen: screen !== null }[source];
  }

  #switchOff(outlet: Outlet): void {
    if (outlet === "microphone") void this.own.setMicrophoneOn(false);
    else if (outlet === "camera") void this.own.setCameraOn(false);
    else this.own.stopScreen();
  }

  /** Makes what is sent and taken what it should be. Cheap: called after every change. */
  #sync(): void {
    const state = this.state.get();
    const media = this.#media;
    if (!state || !media || this.phase.get().name !== "in") return;
    this.#closeForbidden(state);
    // Who follows the live stream takes nothing of this.
    const isWanted = (one: ClassState["media"][number]) =>
      !state.stream && (one.kind === "audio" || this.#looked.has(one.id));
    media.receiver.update(
      state.media.map((one) => one.id),
      new Map(state.media.filter(isWanted).map((one) => [one.id, layerFor(this.#looked.get(one.id) ?? 0)])),
    );
    const wishes = wishesOf(state, this.own.getState(), this.options.cameraBitrate_bps);
    for (const [outlet, wish] of Object.entries(wishes))
      media.sender.want(outlet as Outlet, this.#usesServer ? wish : null);
    this.#tellDirect();
  }

  #dropMedia(): void {
    this.#direct?.close();
    this.#direct = null;
    this.#usesServer = true;
    this.#media?.close();
    this.#media = null;
    this.tracks.set(NO_TRACKS);
    this.health.set("new");
  }

  #end(): void {
    this.#generation += 1;
    clearTimeout(this.#restart);
    this.#stopHearing();
    window.removeEventListener("pagehide", this.#pageHidden);
    window.removeEventListener("online", this.#online);
    this.#dropMedia();
    this.#line?.close();
    this.#line = null;
    this.state.set(null);
  }

  #finish(phase: Phase): void {
    this.#end();
    this.own.close();
    this.phase.set(phase);
  }

  /** Leaves without a word to anybody, when the page is taken away. */
  dispose(): void {
    this.#end();
    this.own.close();
  }
}
