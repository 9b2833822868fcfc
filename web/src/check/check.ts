/** The check from beginning to end; what it finds is in `store`, one finding after the other. */
import { type ConnectionCheck, openCheck } from "../api/checks";
import type { HttpClient } from "../api/http";
import { ApiError, sentence } from "../api/problem";
import { Store } from "../class/store";
import { environmentProblem } from "../webrtc/devices";
import { CheckedConnection } from "./connection";
import { lookAtDevices } from "./devices";
import type { Finding } from "./finding";
import {
  judgeCodecs,
  judgeDevices,
  judgeEcho,
  judgeSecure,
  judgeSocket,
  judgeSpeed,
  judgeWay,
} from "./rules";

const SOCKET_MS = 6_000;
const BUSY_TRIES = 8;
const BUSY_WAIT_S = 4;

export interface CheckState {
  phase: "idle" | "running" | "done";
  /** What is being done now, for who waits. */
  doing: string;
  findings: readonly Finding[];
  /** What the server saw of the visitor, for the report. */
  visitor: string;
}

const IDLE: CheckState = { phase: "idle", doing: "", findings: [], visitor: "" };

export class Checkup {
  readonly store = new Store<CheckState>(IDLE);
  #connection: CheckedConnection | null = null;
  #run = 0;

  constructor(private readonly http: HttpClient) {}

  /** Checks everything, anew when called again. */
  async run(): Promise<void> {
    this.stop();
    const run = ++this.#run;
    const alive = () => run === this.#run;
    this.store.set({ ...IDLE, phase: "running" });
    const found = (finding: Finding) => {
      if (alive()) this.store.update((now) => ({ ...now, findings: [...now.findings, finding] }));
    };
    for (const [doing, look] of this.#steps(found)) {
      if (!alive()) return;
      this.store.update((now) => ({ ...now, doing }));
      await look();
    }
    if (alive()) this.store.update((now) => ({ ...now, phase: "done", doing: "" }));
  }

  stop(): void {
    this.#run += 1;
    this.#connection?.close();
    this.#connection = null;
  }

  #steps(found: (finding: Finding) => void): [string, () => Promise<void>][] {
    const problem = environmentProblem();
    return [
      ["Looking at this browser", async () => found(judgeSecure(problem))],
      [
        "Trying camera and microphone: the browser may ask for them",
        async () => {
          if (!problem) found(judgeDevices(await lookAtDevices()));
        },
      ],
      ["Calling the server", async () => found(judgeSocket(await openSocket()))],
      ["Trying the way of sound and pictures", () => this.#media(found)],
      ["Looking at the kinds of video", async () => lookAtCodecs(found)],
    ];
  }

  async #media(found: (finding: Finding) => void): Promise<void> {
    if (typeof RTCPeerConnection === "undefined") return;
    const connection = new CheckedConnection();
    this.#connection = connection;
    try {
      const way = await connection.connect((fingerprint) => this.#open(fingerprint));
      found(judgeWay(way));
      if (!way.connected) return;
      this.#doing("Measuring how steady the connection is");
      found(judgeEcho(await connection.echo()));
      this.#doing("Measuring how fast it is");
      found(judgeSpeed(await connection.speeds()));
    } catch (error) {
      const title = "Sound and pictures to and from the server";
      const cure = "Check again in a minute.";
      found({ id: "way", title, state: "skipped", meaning: sentence(error), cure });
    } finally {
      connection.close();
    }
  }

  #doing(doing: string): void {
    this.store.update((now) => ({ ...now, doing }));
  }

  /** A class of pupils may check at once, and the server takes some at a time: it says when to come again. */
  async #open(fingerprint: string): Promise<ConnectionCheck> {
    for (let tries = 1; ; tries += 1) {
      try {
        const check = await openCheck(this.http, fingerprint);
        this.store.update((now) => ({ ...now, visitor: check.visitor.address }));
        return check;
      } catch (error) {
        if (!(error instanceof ApiError && error.code === "checks_busy") || tries === BUSY_TRIES) throw error;
        this.#doing("Others are checking at this moment: waiting for a turn");
        await new Promise((done) => setTimeout(done, 1000 * (error.retryAfter_s ?? BUSY_WAIT_S)));
      }
    }
  }
}

/** Milliseconds until Socket.IO's greeting came by a WebSocket, null when it did not. */
function openSocket(): Promise<number | null> {
  const begun_ms = performance.now();
  const url = new URL("/socket.io/?EIO=4&transport=websocket", window.location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return new Promise((done) => {
    const socket = new WebSocket(url);
    const end = (took_ms: number | null) => {
      clearTimeout(timer);
      socket.close();
      done(took_ms);
    };
    const timer = setTimeout(() => end(null), SOCKET_MS);
    socket.onmessage = ({ data }) =>
      end(typeof data === "string" && data.startsWith("0") ? performance.now() - begun_ms : null);
    socket.onerror = () => end(null);
    socket.onclose = () => end(null);
  });
}

function lookAtCodecs(found: (finding: Finding) => void): void {
  if (typeof RTCRtpSender === "undefined" || !RTCRtpSender.getCapabilities) return;
  found(
    judgeCodecs(named(RTCRtpSender.getCapabilities("video")), named(RTCRtpReceiver.getCapabilities("video"))),
  );
}

function named(capabilities: RTCRtpCapabilities | null): string[] {
  const names = (capabilities?.codecs ?? []).map(
    ({ mimeType }) => mimeType.split("/")[1]?.toLowerCase() ?? "",
  );
  return [...new Set(names)].filter((name) => ["vp8", "vp9", "h264", "av1"].includes(name));
}
