/**
 * The typed connection to the server: calls and pushes over Socket.IO, and its way back after it was lost.
 *
 * While it is lost calls fail at once, and nothing is sent later by itself: what somebody wanted a while ago may be
 * wrong by then.
 */
import { io, type Socket } from "socket.io-client";
import { CallError } from "./call_error";
import type {
  Acknowledgement,
  Call,
  ConnectionEvents,
  Failure,
  Handshake,
  Joined,
  Payload,
  Push,
  Pushed,
  Reply,
} from "./protocol";

/**
 * `connecting`: for the first time. `in`: calls are answered. `lost`: it tries to come back. `back`: it is connected
 * again and waits to hear whether its place in the room is still there. `ended`: for good.
 */
export type Phase = "connecting" | "in" | "lost" | "back" | "ended";

export interface Moments {
  /** It is connected and has no place in a room: join one. Also when it came back too late. */
  ready: () => void;
  lost: () => void;
  /** It has its place again. Missed pushes follow; when they were too many, the room as it is now is in `snapshot`. */
  back: (snapshot: Joined | null) => void;
  /** Who waited in the lobby is in the room: as the answer to `join-room` would have been. */
  admitted: (joined: Joined) => void;
  /** Who waited does not come in. */
  denied: (reason: string) => void;
  /** The person is told something, which is not about a room and has no number. */
  news?: (news: ConnectionEvents["news"]) => void;
  /** The server has ended it, or does not take it. */
  ended: (message: string, code: string) => void;
}

export interface SignallingOptions {
  /** A token that is good now; null where none is needed. Asked for at every connection. */
  token: () => Promise<string | null>;
  moments: Moments;
  url?: string;
  answerWithin_ms?: number;
  /** Makes the socket; tests give their own. */
  open?: typeof io;
}

type Handler<E extends Push> = (data: Pushed<E>) => void;
type AnyHandler = (event: Push, data: Pushed<Push>) => void;
type Optional<P> = Record<never, never> extends P ? [payload?: P] : [payload: P];

const ANSWER_MS = 10_000;
/** After a refusal that passes: the server starts or ends, or the token has just run out. */
const RETRY_MS = 3_000;
const PASSING = new Set(["unavailable", "rate_limited", "token_expired"]);
/** A guest's link that has ended says the same for ever; a server that starts, for seconds. */
const MOST_REFUSALS = 40;
/** After these there is no place to come back to. */
const LAST_PUSHES = new Set<string>(["kicked", "room-closed"]);
const LOST = "The connection is lost at the moment. Try again when it is back.";
const LATE = "The server did not answer in time. Try again.";
const ENDED = "The server has ended this connection. Your session may have ended elsewhere.";

export class Signalling {
  readonly #socket: Socket;
  readonly #options: SignallingOptions;
  readonly #handlers = new Map<string, Set<(data: never) => void>>();
  readonly #anyHandlers = new Set<AnyHandler>();
  #phase: Phase = "connecting";
  #resumeToken = "";
  #seq = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #refusals = 0;

  constructor(options: SignallingOptions) {
    this.#options = options;
    this.#socket = (options.open ?? io)(options.url ?? window.location.origin, {
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5_000,
      timeout: 8_000,
      transports: ["websocket", "polling"],
      auth: (give) => void this.#handshake().then(give, () => give({})),
    });
    this.#socket.on("connect", () => this.#connected());
    this.#socket.on("disconnect", (reason) => this.#disconnected(reason));
    this.#socket.on("connect_error", (error) => this.#refused(error));
    this.#socket.onAny((event: string, data: unknown) => this.#receive(event, data));
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The number of the newest push that was received. */
  get seq(): number {
    return this.#seq;
  }

  /** Starts connecting; `ready` says that it is there. */
  connect(): void {
    this.#socket.connect();
  }

  /** Makes a call and gives what it is answered. Throws CallError. */
  async call<E extends Call>(event: E, ...[payload]: Optional<Payload<E>>): Promise<Reply<E>> {
    if (this.#phase !== "in") throw new CallError(LOST, "lost");
    if (event === "join-room" && !this.#resumeToken) this.#seq = 0; // its pushes may be here before its answer
    const answer = await this.#ask(event, payload ?? {});
    if (!answer.ok) {
      const { error, code, problem } = answer as Failure;
      throw new CallError(error, code, problem);
    }
    const reply = answer as Reply<E>;
    if (event === "join-room") this.#takePlace(reply);
    if (event === "leave-room") this.#resumeToken = "";
    return reply;
  }

  /** Hears one event until the returned function is called. */
  on<E extends Push>(event: E, handler: Handler<E>): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  /** Hears all events, after those who hear one. */
  onAny(handler: AnyHandler): () => void {
    this.#anyHandlers.add(handler);
    return () => this.#anyHandlers.delete(handler);
  }

  /** Tries at once, as when the browser says that the network is there again. */
  hurry(): void {
    if (this.#phase === "lost" && !this.#socket.connected) this.#socket.disconnect().connect();
  }

  /** Ends it from this side: whoever is in a room leaves it. */
  close(): void {
    this.#phase = "ended";
    clearTimeout(this.#retry);
    this.#socket.offAny();
    this.#socket.disconnect();
  }

  async #ask<E extends Call>(event: E, payload: object): Promise<Acknowledgement<E>> {
    try {
      return await this.#socket
        .timeout(this.#options.answerWithin_ms ?? ANSWER_MS)
        .emitWithAck(event, payload);
    } catch {
      throw this.#phase === "in" ? new CallError(LATE, "timeout") : new CallError(LOST, "lost");
    }
  }

  async #handshake(): Promise<Handshake> {
    const token = await this.#options.token();
    const place = this.#resumeToken ? { resume_token: this.#resumeToken, seq: this.#seq } : {};
    return { answers: "ack", resume: true, ...(token && { token }), ...place };
  }

  /** What says `resume_token` is about one's own place: the answer to `join-room`, or being let in later. */
  #takePlace(said: object): void {
    if (!("resume_token" in said)) return;
    const { resume_token, seq } = said as Joined;
    this.#resumeToken = resume_token;
    this.#seq = Math.max(this.#seq, seq);
  }

  #connected(): void {
    this.#refusals = 0;
    if (this.#resumeToken) {
      this.#phase = "back"; // `resumed` or `resume-failed` says how it stands
      return;
    }
    this.#phase = "in";
    this.#options.moments.ready();
  }

  #receive(event: string, data: unknown): void {
    if (event === "resumed") this.#resumed(data as ConnectionEvents["resumed"]);
    else if (event === "resume-failed") {
      this.#resumeToken = "";
      this.#connected();
    } else if (event === "admitted") this.#admitted(data as ConnectionEvents["admitted"]);
    else if (event === "denied") this.#options.moments.denied((data as ConnectionEvents["denied"]).reason);
    else if (event === "news") this.#options.moments.news?.(data as ConnectionEvents["news"]);
    else if (isPush(data)) this.#hear(event as Push, data);
    // Those who wait are in no room yet, and so have no numbers of it.
    else if (event === "room-closed") this.#tell(event, data as Pushed<"room-closed">);
  }

  #resumed({ resume_token, seq, snapshot }: ConnectionEvents["resumed"]): void {
    this.#resumeToken = resume_token;
    if (snapshot) this.#seq = seq;
    this.#phase = "in";
    this.#options.moments.back(snapshot ?? null);
  }

  /** The count begins here, whatever has been heard of an earlier place. */
  #admitted(joined: ConnectionEvents["admitted"]): void {
    this.#seq = joined.seq;
    this.#takePlace(joined);
    this.#options.moments.admitted(joined);
  }

  #hear(event: Push, data: Pushed<Push>): void {
    if (data.seq <= this.#seq) return;
    this.#seq = data.seq;
    this.#tell(event, data);
  }

  #tell(event: Push, data: Pushed<Push>): void {
    if (LAST_PUSHES.has(event)) this.#resumeToken = "";
    for (const handler of [...(this.#handlers.get(event) ?? [])]) handler(data as never);
    for (const handler of [...this.#anyHandlers]) handler(event, data);
  }

  #disconnected(reason: string): void {
    if (this.#phase === "ended" || reason === "io client disconnect") return;
    if (reason === "io server disconnect") {
      this.#end(ENDED, "session_ended");
      return;
    }
    this.#phase = "lost";
    this.#options.moments.lost();
  }

  #refused(error: Error & { data?: { code?: string } }): void {
    if (this.#phase === "ended" || this.#socket.active) return; // a lost network: socket.io goes on trying
    const code = error.data?.code ?? "";
    if (PASSING.has(code) && ++this.#refusals < MOST_REFUSALS)
      this.#retry = setTimeout(() => this.#socket.connect(), RETRY_MS);
    else this.#end(error.message, code);
  }

  #end(message: string, code: string): void {
    this.#phase = "ended";
    this.#options.moments.ended(message, code);
  }
}

const isPush = (data: unknown): data is Pushed<Push> =>
  typeof data === "object" && data !== null && typeof (data as { seq?: unknown }).seq === "number";
