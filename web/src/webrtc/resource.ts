/**
 * The HTTP half of WHIP and WHEP: one session resource on the server.
 *
 * RFC 9725 (WHIP) section 4.2 for offer and answer, 4.3 for ICE restarts by PATCH; WHEP
 * (draft-ietf-wish-whep) is the same with the media the other way.
 */
import { ApiError, readProblem } from "../api/problem";
import { iceServersOf } from "./ice_servers";

/** Sends a request with the person's credentials; throws ApiError when the server cannot be reached. */
export type Send = (path: string, init: RequestInit) => Promise<Response>;

const OFFER_TYPE = "application/sdp";
const FRAGMENT_TYPE = "application/trickle-ice-sdpfrag";

/** What a session was refused for. */
export type RefusalKind =
  | "sign-in"
  | "forbidden"
  | "not-found"
  | "unsupported-media"
  | "occupied"
  | "try-later"
  | "unreachable"
  | "server";

const KIND_BY_STATUS: Readonly<Record<number, RefusalKind>> = {
  0: "unreachable",
  401: "sign-in",
  403: "forbidden",
  404: "not-found",
  406: "unsupported-media",
  409: "occupied",
  410: "not-found",
  415: "unsupported-media",
  422: "unsupported-media",
  429: "try-later",
  503: "try-later",
};

/** A refused or failed request for media; `message` is a sentence for the person. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly kind: RefusalKind,
    message: string,
    readonly retryAfter_s: number | null = null,
    /** The server's word for it; empty where it has none. */
    readonly code = "",
  ) {
    super(message);
  }

  /** Whether trying again later can help without anybody doing anything. */
  get passes(): boolean {
    return this.kind === "unreachable" || this.kind === "server" || this.kind === "try-later";
  }
}

export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof ApiError) {
    const kind = KIND_BY_STATUS[error.status] ?? "server";
    return new Refusal(kind, error.message, error.retryAfter_s, error.code);
  }
  return new Refusal("server", error instanceof Error ? error.message : "The connection failed.");
}

/** One session on the server, from its POST to its DELETE. */
export class SessionResource {
  private constructor(
    private readonly send: Send,
    readonly location: string,
    readonly answer: string,
    /** Servers that help to find a way through networks. */
    public iceServers: RTCIceServer[],
    private etag: string,
  ) {}

  /** POSTs the offer. Throws Refusal. */
  static async create(send: Send, endpoint: string, offer: string): Promise<SessionResource> {
    try {
      const response = await send(endpoint, {
        method: "POST",
        headers: { "Content-Type": OFFER_TYPE, Accept: OFFER_TYPE },
        body: offer,
      });
      if (!response.ok) throw await readProblem(response);
      const location = response.headers.get("Location");
      if (!location)
        throw new Refusal("server", "The server did not say where the session is (no Location header).");
      return new SessionResource(
        send,
        new URL(location, new URL(endpoint, window.location.href)).href,
        await response.text(),
        iceServersOf(response.headers.get("Link") ?? ""),
        response.headers.get("ETag") ?? "*",
      );
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /**
   * Restarts ICE: takes our new credentials, gives the server's as an SDP fragment; `iceServers` have new ones
   * too. Throws Refusal.
   */
  async restartIce(fragment: string): Promise<string> {
    try {
      const response = await this.send(this.location, {
        method: "PATCH",
        headers: { "Content-Type": FRAGMENT_TYPE, "If-Match": this.etag },
        body: fragment,
      });
      if (!response.ok) throw await readProblem(response);
      this.etag = response.headers.get("ETag") ?? this.etag;
      const servers = iceServersOf(response.headers.get("Link") ?? "");
      if (servers.length > 0) this.iceServers = servers;
      return await response.text();
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** Ends the session. `keepalive` lets the request outlive the page; a failure is of no consequence. */
  async delete(): Promise<void> {
    await this.send(this.location, { method: "DELETE", keepalive: true }).catch(() => undefined);
  }
}
