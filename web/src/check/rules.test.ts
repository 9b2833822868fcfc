import { describe, expect, it } from "vitest";
import { problemOf } from "../webrtc/devices";
import { type Finding, report, verdict } from "./finding";
import {
  type DevicesSeen,
  judgeCodecs,
  judgeDevices,
  judgeEcho,
  judgeSecure,
  judgeSocket,
  judgeSpeed,
  judgeWay,
  type WayFound,
} from "./rules";

const WAY: WayFound = {
  connected: true,
  protocol: "udp",
  relayed: false,
  remote: "192.0.2.1 port 40000",
  took_ms: 120,
  candidates: [{ foundation: "udp0", priority: 1, address: "192.0.2.1", protocol: "udp", port: 40000 }],
  onlyPrivate: false,
};
const DEVICES: DevicesSeen = { camera: "Webcam", microphone: "Headset", heard: true, problem: null };

/** Whatever is not good says what to do. */
function expectCure(finding: Finding) {
  if (finding.state === "note" || finding.state === "wrong") expect(finding.cure).toBeTruthy();
}

describe("the page", () => {
  it("is good when the browser gives cameras to it", () => {
    expect(judgeSecure(null).state).toBe("good");
    const insecure = judgeSecure(problemOf("insecure"));
    expect(insecure.state).toBe("wrong");
    expect(insecure.cure).toMatch(/https/);
  });
});

describe("camera and microphone", () => {
  it.each([
    [{}, "good"],
    [{ camera: null }, "note"],
    [{ heard: false }, "note"],
    [{ heard: null }, "good"],
    [{ microphone: null, heard: null }, "wrong"],
    [{ camera: null, microphone: null, problem: problemOf("denied") }, "wrong"],
  ] as const)("%o is %s", (change, state) => {
    const finding = judgeDevices({ ...DEVICES, ...change });
    expect(finding.state).toBe(state);
    expectCure(finding);
  });

  it("says why none could be opened", () => {
    const finding = judgeDevices({
      camera: null,
      microphone: null,
      heard: null,
      problem: problemOf("denied"),
    });
    expect(finding.meaning).toMatch(/blocked/);
    expect(finding.cure).toMatch(/Allow/);
  });
});

describe("messages", () => {
  it("go on without a WebSocket, which is worth knowing", () => {
    expect(judgeSocket(40).state).toBe("good");
    expect(judgeSocket(null).state).toBe("note");
    expectCure(judgeSocket(null));
  });
});

describe("the way of sound and pictures", () => {
  it("is good when it is direct", () => {
    expect(judgeWay(WAY)).toMatchObject({
      state: "good",
      details: expect.stringContaining("192.0.2.1 port 40000"),
    });
  });

  it("is worth knowing when it is a detour", () => {
    for (const detour of [{ protocol: "tcp" }, { relayed: true }]) {
      const finding = judgeWay({ ...WAY, ...detour });
      expect(finding.state).toBe("note");
      expectCure(finding);
    }
  });

  it("is wrong when nothing comes through, and says what to let through", () => {
    const finding = judgeWay({ ...WAY, connected: false });
    expect(finding.state).toBe("wrong");
    expect(finding.details).toContain("UDP 192.0.2.1 port 40000");
    expect(finding.cure).toMatch(/another network/);
  });

  it("is the server's fault when that names private addresses to a visitor from elsewhere", () => {
    const finding = judgeWay({ ...WAY, connected: false, onlyPrivate: true });
    expect(finding.meaning).toMatch(/own building/);
    expect(finding.cure).toMatch(/runs this server/);
  });
});

describe("steadiness", () => {
  it.each([
    [{ sent: 200, lost: 0, rtt_ms: 40, jitter_ms: 3 }, "good"],
    [{ sent: 200, lost: 4, rtt_ms: 40, jitter_ms: 3 }, "good"],
    [{ sent: 200, lost: 6, rtt_ms: 40, jitter_ms: 3 }, "note"],
    [{ sent: 200, lost: 0, rtt_ms: 40, jitter_ms: 60 }, "note"],
    [{ sent: 200, lost: 0, rtt_ms: 450, jitter_ms: 3 }, "note"],
    [{ sent: 200, lost: 30, rtt_ms: 40, jitter_ms: 3 }, "wrong"],
    [{ sent: 200, lost: 200, rtt_ms: null, jitter_ms: null }, "wrong"],
  ] as const)("%o is %s", (figures, state) => {
    const finding = judgeEcho(figures);
    expect(finding.state).toBe(state);
    expectCure(finding);
  });
});

describe("speed", () => {
  it.each([
    [{ up_bps: 3e6, down_bps: 4e6 }, "good"],
    [{ up_bps: 1e6, down_bps: 4e6 }, "note"],
    [{ up_bps: 3e6, down_bps: 1e6 }, "note"],
    [{ up_bps: 2e5, down_bps: 4e6 }, "wrong"],
    [{ up_bps: 3e6, down_bps: 3e5 }, "wrong"],
    [{ up_bps: null, down_bps: 4e6 }, "skipped"],
  ] as const)("%o is %s", (speeds, state) => {
    const finding = judgeSpeed(speeds);
    expect(finding.state).toBe(state);
    expectCure(finding);
  });
});

describe("codecs", () => {
  it("must be there, H.264 for recordings", () => {
    expect(judgeCodecs(["vp8", "h264"], ["vp8", "h264"]).state).toBe("good");
    expect(judgeCodecs(["vp8"], ["vp8"]).state).toBe("note");
    expect(judgeCodecs([], ["vp8"]).state).toBe("wrong");
  });
});

describe("the whole", () => {
  const good: Finding = { id: "a", title: "A", state: "good", meaning: "Fine." };

  it("is as bad as its worst part", () => {
    expect(verdict([good])).toBe("good");
    expect(verdict([good, { ...good, state: "note" }])).toBe("note");
    expect(verdict([good, { ...good, state: "skipped" }])).toBe("note");
    expect(
      verdict([
        { ...good, state: "wrong" },
        { ...good, state: "note" },
      ]),
    ).toBe("wrong");
  });

  it("can be sent as text", () => {
    const text = report([good, { ...good, title: "B", state: "wrong", cure: "Do it.", details: "7 ms" }], {
      Server: "https://school.example",
    });
    expect(text).toContain("Server: https://school.example");
    expect(text).toContain("[Good] A\nFine.");
    expect(text).toContain("[Does not work] B\nFine.\nTo do: Do it.\nDetails: 7 ms");
  });
});
