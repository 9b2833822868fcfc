/** What the check makes of what it has measured. */
import type { CheckCandidate } from "../api/checks";
import { bitrate } from "../format";
import type { DeviceProblem } from "../webrtc/devices";
import type { EchoFigures } from "./echo";
import type { Finding } from "./finding";

/** Of a 720p camera with sound, and of a picture one still likes to look at. */
const GOOD_UP_BPS = 1_500_000;
const FAIR_UP_BPS = 400_000;
/** Some small pictures at once, and one. */
const GOOD_DOWN_BPS = 2_000_000;
const FAIR_DOWN_BPS = 500_000;
const TELL = "Send this report to whoever runs this server.";

export function judgeSecure(problem: DeviceProblem | null): Finding {
  const title = "This page and this browser";
  if (!problem) return { id: "page", title, state: "good", meaning: "Both can take part in classes." };
  return { id: "page", title, state: "wrong", meaning: `${problem.title}.`, cure: problem.advice };
}

export interface DevicesSeen {
  camera: string | null;
  microphone: string | null;
  /** False when the microphone gave nothing but digital silence, null when that could not be told. */
  heard: boolean | null;
  problem: DeviceProblem | null;
}

export function judgeDevices({ camera, microphone, heard, problem }: DevicesSeen): Finding {
  const base = { id: "devices", title: "Camera and microphone" };
  const details = [camera, microphone].filter(Boolean).join(", ");
  if (!camera && !microphone) {
    const cure = problem?.advice ?? "Connect a camera or a microphone and check again.";
    const meaning = `${problem?.title ?? "None was found"}. You can still watch and listen.`;
    return { ...base, state: "wrong", meaning, cure };
  }
  if (!microphone) {
    const cure = "Connect a microphone, or allow it beside the address.";
    return {
      ...base,
      state: "wrong",
      meaning: "Nobody will hear you: there is no microphone.",
      cure,
      details,
    };
  }
  if (heard === false) {
    const cure =
      "Look for a mute button on the microphone or headset, or choose another one at the class's door.";
    return {
      ...base,
      state: "note",
      meaning: "Your microphone is there, but gives no sound.",
      cure,
      details,
    };
  }
  if (!camera) {
    const cure = "Connect a camera, or allow it beside the address, if you want to be seen.";
    return { ...base, state: "note", meaning: "You will be heard, but not seen.", cure, details };
  }
  return { ...base, state: "good", meaning: "Both work.", details };
}

/** `took_ms` null: it could not be opened. */
export function judgeSocket(took_ms: number | null): Finding {
  const base = { id: "socket", title: "Messages from the server" };
  if (took_ms !== null) {
    const details = `WebSocket open after ${Math.round(took_ms)} ms`;
    return { ...base, state: "good", meaning: "What happens in a class arrives at once.", details };
  }
  return {
    ...base,
    state: "note",
    meaning: "Your network or the server holds back lasting connections. Classes go on, but slower.",
    cure: `Switch off web filters and virtual private networks (VPN), or try another network. ${TELL}`,
    details: "No WebSocket to /socket.io/",
  };
}

export interface WayFound {
  connected: boolean;
  /** "udp" or "tcp", and whether a relay stands between; empty without a connection. */
  protocol: string;
  relayed: boolean;
  remote: string;
  took_ms: number;
  candidates: readonly CheckCandidate[];
  onlyPrivate: boolean;
}

export function judgeWay(way: WayFound): Finding {
  const base = { id: "way", title: "Sound and pictures to and from the server" };
  const doors = way.candidates.map((one) => `${one.protocol.toUpperCase()} ${one.address} port ${one.port}`);
  if (!way.connected) {
    const details = `Tried: ${doors.join("; ") || "nothing, the server named no address"}`;
    if (way.onlyPrivate) {
      const meaning = "This server is set up for its own building, and you come from elsewhere.";
      return { ...base, state: "wrong", meaning, cure: TELL, details };
    }
    return {
      ...base,
      state: "wrong",
      meaning: "Web pages come through your network, but sound and pictures do not.",
      cure:
        "Try another network, such as your phone's. In a school or office send this report to whoever looks after " +
        "the network: it must let through what is listed there.",
      details,
    };
  }
  const details = `${way.protocol.toUpperCase()} to ${way.remote}${way.relayed ? " by a relay" : ""}, after ${Math.round(way.took_ms)} ms`;
  if (way.relayed || way.protocol === "tcp") {
    const meaning =
      "They come through by a detour, because your network blocks the direct way. That can be slower.";
    const cure = "If pictures freeze, try another network, such as your phone's.";
    return { ...base, state: "note", meaning, cure, details };
  }
  return { ...base, state: "good", meaning: "They come through by the direct way.", details };
}

export function judgeEcho({ sent, lost, rtt_ms, jitter_ms }: EchoFigures): Finding {
  const base = { id: "echo", title: "How steady the connection is" };
  if (rtt_ms === null) {
    return {
      ...base,
      state: "wrong",
      meaning: "The connection stood, but nothing came back by it.",
      cure: TELL,
    };
  }
  const lost_pct = (100 * lost) / sent;
  const details =
    `${lost_pct.toFixed(1)} % of ${sent} lost, ${Math.round(rtt_ms)} ms there and back, ` +
    `${Math.round(jitter_ms ?? 0)} ms uneven`;
  const cure =
    "Use a network cable, or sit nearer to the Wi-Fi router; stop downloads and other video on the same line.";
  if (lost_pct > 8) {
    const meaning = "Much is lost on the way: pictures will freeze and words be missing.";
    return { ...base, state: "wrong", meaning, cure, details };
  }
  if (lost_pct > 2 || (jitter_ms ?? 0) > 40) {
    const meaning = "Some of it is lost or late: pictures may freeze now and then.";
    return { ...base, state: "note", meaning, cure, details };
  }
  if (rtt_ms > 300) {
    const meaning = "Answers take long, so people will talk into each other.";
    return { ...base, state: "note", meaning, cure, details };
  }
  return { ...base, state: "good", meaning: "Little is lost, and what is sent arrives at once.", details };
}

/** In bits a second, null where it was not measured. These are lower bounds: the check sends little. */
export interface Speeds {
  up_bps: number | null;
  down_bps: number | null;
}

export function judgeSpeed({ up_bps, down_bps }: Speeds): Finding {
  const base = { id: "speed", title: "How fast the connection is" };
  if (up_bps === null || down_bps === null) {
    return { ...base, state: "skipped", meaning: "It broke off before this could be measured." };
  }
  const details = `At least ${bitrate(up_bps)} to the server, ${bitrate(down_bps)} from it`;
  const cure =
    "Stop downloads and other video on the same line, use a cable, or switch your camera off in class.";
  if (up_bps < FAIR_UP_BPS || down_bps < FAIR_DOWN_BPS) {
    const meaning = "It is enough for sound, but not for pictures.";
    return { ...base, state: "wrong", meaning, cure, details };
  }
  if (up_bps < GOOD_UP_BPS || down_bps < GOOD_DOWN_BPS) {
    const meaning = "It is enough for sound and small pictures.";
    return { ...base, state: "note", meaning, cure, details };
  }
  return { ...base, state: "good", meaning: "It is enough for sound and good pictures.", details };
}

/** Names of codecs in lower case, without what only repairs. */
export function judgeCodecs(send: readonly string[], receive: readonly string[]): Finding {
  const base = { id: "codecs", title: "Kinds of video that this browser knows" };
  const details = `Sends ${send.join(", ") || "none"}; shows ${receive.join(", ") || "none"}`;
  const update = "Use a current version of Chrome, Edge, Firefox or Safari.";
  if (send.length === 0 || receive.length === 0) {
    return { ...base, state: "wrong", meaning: "It can send or show no video.", cure: update, details };
  }
  if (!send.includes("h264")) {
    const meaning = "Classes work, but what you present cannot be recorded (H.264 is missing).";
    return { ...base, state: "note", meaning, cure: update, details };
  }
  return { ...base, state: "good", meaning: "They fit, also for recordings.", details };
}
