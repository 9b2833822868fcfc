/** Measures the real way to the server: connects, has messages sent back, and a bounded amount each way. */
import type { ConnectionCheck } from "../api/checks";
import { answerOf, fingerprintOf } from "./answer";
import { type EchoFigures, EchoMeter } from "./echo";
import type { Speeds, WayFound } from "./rules";

const CONNECT_MS = 10_000;
const ECHO_MS = 4_000;
const ECHO_INTERVAL_MS = 20;
const ECHO_LAST_MS = 800;
const ECHO_BYTES = 160;
const SPEED_MS = 3_500;
const BLOCK_BYTES = 1_100;

const after = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** One measurement; `close()` ends it, whatever it is at. */
export class CheckedConnection {
  #pc: RTCPeerConnection | null = null;
  #channels: Record<"echoOut" | "echoIn" | "bulkOut" | "bulkIn", RTCDataChannel> | null = null;
  #check: ConnectionCheck | null = null;

  /** Connects as a class would. Throws what `open` throws. */
  async connect(open: (fingerprint: string) => Promise<ConnectionCheck>): Promise<WayFound> {
    // The certificate of the probe is the one of the connection: the server must be told before it answers.
    const certificate = await RTCPeerConnection.generateCertificate({
      name: "ECDSA",
      namedCurve: "P-256",
    } as EcKeyGenParams);
    const probe = new RTCPeerConnection({ certificates: [certificate] });
    probe.createDataChannel("");
    const offered = await probe.createOffer();
    probe.close();
    this.#check = await open(fingerprintOf(offered.sdp ?? ""));
    const pc = new RTCPeerConnection({
      certificates: [certificate],
      iceServers: this.#check.ice_servers,
    });
    this.#pc = pc;
    this.#openChannels(pc, this.#check);
    const begun_ms = performance.now();
    await pc.setLocalDescription();
    await pc.setRemoteDescription({ type: "answer", sdp: answerOf(this.#check) });
    const connected = await this.#waitUntilOpen(pc);
    const pair = connected ? await selectedPair(pc) : null;
    return {
      connected,
      protocol: pair?.protocol ?? "",
      relayed: pair?.relayed ?? false,
      remote: pair?.remote ?? "",
      took_ms: performance.now() - begun_ms,
      candidates: this.#check.ice_candidates,
      onlyPrivate: this.#check.warnings.includes("only_private_addresses"),
    };
  }

  #openChannels(pc: RTCPeerConnection, { channels }: ConnectionCheck): void {
    const lossy = { negotiated: true, ordered: false, maxRetransmits: 0 };
    this.#channels = {
      echoOut: pc.createDataChannel("", { ...lossy, id: channels.echo_send }),
      echoIn: pc.createDataChannel("", { ...lossy, id: channels.echo_receive }),
      bulkOut: pc.createDataChannel("", { negotiated: true, id: channels.bulk_send }),
      bulkIn: pc.createDataChannel("", { negotiated: true, id: channels.bulk_receive }),
    };
    for (const channel of Object.values(this.#channels)) channel.binaryType = "arraybuffer";
  }

  async #waitUntilOpen(pc: RTCPeerConnection): Promise<boolean> {
    const channel = this.#channels?.bulkOut;
    if (!channel) return false;
    const opened = new Promise<boolean>((done) => {
      channel.addEventListener("open", () => done(true));
      pc.addEventListener("connectionstatechange", () => {
        if (pc.connectionState === "failed" || pc.connectionState === "closed") done(false);
      });
    });
    return Promise.race([opened, after(CONNECT_MS).then(() => false)]);
  }

  /** Sends small messages, as many a second as speech has, and counts those that come back. */
  async echo(): Promise<EchoFigures> {
    const meter = new EchoMeter();
    const { echoOut, echoIn } = this.#channels ?? {};
    if (!echoOut || !echoIn) return meter.read();
    echoIn.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer && data.byteLength >= 4)
        meter.receive(new DataView(data).getUint32(0), performance.now());
    };
    const end_ms = performance.now() + ECHO_MS;
    while (performance.now() < end_ms && echoOut.readyState === "open") {
      const message = new DataView(new ArrayBuffer(ECHO_BYTES));
      message.setUint32(0, meter.send(performance.now()));
      echoOut.send(message);
      await after(ECHO_INTERVAL_MS);
    }
    await after(ECHO_LAST_MS);
    return meter.read();
  }

  /** What both ways carry at least, one after the other. */
  async speeds(): Promise<Speeds> {
    const down_bps = await this.#download();
    return { down_bps, up_bps: await this.#upload() };
  }

  async #download(): Promise<number | null> {
    const { bulkOut, bulkIn } = this.#channels ?? {};
    const wanted = this.#check?.channels.download_bytes ?? 0;
    if (!bulkOut || !bulkIn || bulkOut.readyState !== "open") return null;
    let first_ms = 0;
    let last_ms = 0;
    let bytes = 0;
    const all = new Promise<void>((done) => {
      bulkIn.onmessage = ({ data }) => {
        if (!(data instanceof ArrayBuffer)) return;
        last_ms = performance.now();
        first_ms ||= last_ms;
        bytes += data.byteLength;
        if (bytes + BLOCK_BYTES > wanted) done();
      };
    });
    bulkOut.send("send");
    await Promise.race([all, after(SPEED_MS)]);
    return last_ms > first_ms ? (8000 * bytes) / (last_ms - first_ms) : null;
  }

  async #upload(): Promise<number | null> {
    const { bulkOut, bulkIn } = this.#channels ?? {};
    const total = this.#check?.channels.upload_bytes ?? 0;
    if (!bulkOut || !bulkIn || bulkOut.readyState !== "open") return null;
    let speed_bps: number | null = null;
    const blocks = Math.floor(total / BLOCK_BYTES);
    const all = new Promise<void>((done) => {
      bulkIn.onmessage = ({ data }) => {
        if (typeof data !== "string") return;
        const told = JSON.parse(data) as { received_bytes: number; elapsed_ms: number };
        if (told.elapsed_ms > 0) speed_bps = (8000 * told.received_bytes) / told.elapsed_ms;
        if (told.received_bytes >= blocks * BLOCK_BYTES) done();
      };
    });
    const block = new Uint8Array(BLOCK_BYTES);
    for (let sent = 0; sent < blocks; sent += 1) bulkOut.send(block);
    bulkOut.send("report");
    await Promise.race([all, after(SPEED_MS)]);
    return speed_bps;
  }

  close(): void {
    this.#pc?.close();
    this.#pc = null;
    this.#channels = null;
  }
}

interface Pair {
  protocol: string;
  relayed: boolean;
  remote: string;
}

async function selectedPair(pc: RTCPeerConnection): Promise<Pair | null> {
  const stats = new Map<string, Record<string, unknown>>();
  for (const [id, value] of (await pc.getStats()) as unknown as Map<string, Record<string, unknown>>)
    stats.set(id, value);
  const all = [...stats.values()];
  const transport = all.find(({ type }) => type === "transport");
  const pair =
    stats.get(String(transport?.selectedCandidatePairId)) ??
    all.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
  const local = stats.get(String(pair?.localCandidateId));
  const remote = stats.get(String(pair?.remoteCandidateId));
  if (!local || !remote) return null;
  return {
    protocol: String(local.protocol ?? "udp"),
    relayed: local.candidateType === "relay",
    remote: `${String(remote.address ?? remote.ip ?? "")} port ${String(remote.port ?? "")}`,
  };
}
