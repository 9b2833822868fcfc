import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../api/problem";
import { FAKE_ANSWER, FAKE_OFFER, FakePeer, installMediaGlobals } from "../testing/fake_peer";
import type { LinkOptions } from "./link";
import type { Send } from "./resource";
import { WhepClient } from "./whep";
import { WhipClient } from "./whip";

const created = () =>
  new Response(FAKE_ANSWER, { status: 201, headers: { Location: "/whip/algebra/s1", ETag: '"e1"' } });
const problem = (status: number, detail: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ detail }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });

let peers: FakePeer[];
let requests: { method: string; path: string; init: RequestInit }[];
let answers: Record<string, () => Response>;

const send: Send = async (path, init) => {
  const method = init.method ?? "GET";
  requests.push({ method, path, init });
  return (answers[method] ?? (() => new Response(null, { status: 200 })))();
};
const options = (more: Partial<LinkOptions> = {}): LinkOptions => ({
  endpoint: "/whip/algebra",
  send,
  createPeer: () => {
    const peer = new FakePeer();
    peers.push(peer);
    return peer as unknown as RTCPeerConnection;
  },
  ...more,
});
const publisher = (more: Partial<LinkOptions> = {}) =>
  new WhipClient({ ...options(more), codec: "auto", maxVideoBitrate_bps: 1_000_000 });
const settle = () => vi.advanceTimersByTimeAsync(0);
const sent = (method: string) => requests.filter((request) => request.method === method);
const lastPeer = () => peers.at(-1) as FakePeer;

async function live(client: WhipClient | WhepClient): Promise<void> {
  client.start();
  await settle();
  lastPeer().turn("connected");
}

beforeAll(installMediaGlobals);
beforeEach(() => {
  vi.useFakeTimers();
  peers = [];
  requests = [];
  answers = { POST: created };
});
afterEach(() => vi.useRealTimers());

describe("connecting", () => {
  it("takes the servers that the answer names before it looks for ways", async () => {
    answers.POST = () => {
      const answer = created();
      answer.headers.set("Link", '<turn:t.example>; rel="ice-server"; username="1:a"; credential="c="');
      return answer;
    };
    await live(publisher());
    expect(lastPeer().configuration.iceServers).toEqual([
      { urls: "turn:t.example", username: "1:a", credential: "c=" },
    ]);
    expect(lastPeer().localDescription).not.toBeNull();
  });

  it("posts the offer and takes the answer", async () => {
    const client = publisher();
    await live(client);
    expect(sent("POST")[0]?.path).toBe("/whip/algebra");
    expect(sent("POST")[0]?.init.body).toBe(FAKE_OFFER);
    expect(lastPeer().remoteDescription?.sdp).toBe(FAKE_ANSWER);
    expect(client.state.phase).toBe("connected");
  });

  it("publishes one audio and one video, within the bitrate limit", async () => {
    await live(publisher());
    expect(lastPeer().directions).toEqual(["audio sendonly", "video sendonly"]);
    expect(lastPeer().senders[1]?.parameters.encodings[0]?.maxBitrate).toBe(1_000_000);
  });

  it("watches with receiving tracks only", async () => {
    const client = new WhepClient(options({ endpoint: "/whep/algebra" }));
    await live(client);
    expect(lastPeer().directions).toEqual(["audio recvonly", "video recvonly"]);
    expect(client.stream?.getTracks()).toHaveLength(2);
  });

  it("fails when no media comes within twelve seconds", async () => {
    const client = publisher();
    client.start();
    await vi.advanceTimersByTimeAsync(12_000);
    expect(client.state).toMatchObject({ phase: "failed", refusal: { kind: "server" } });
    expect(sent("DELETE")).toHaveLength(1);
  });
});

describe("refusals", () => {
  const kinds = [
    [401, "sign-in"],
    [403, "forbidden"],
    [404, "not-found"],
    [406, "unsupported-media"],
    [409, "occupied"],
  ] as const;
  for (const [status, kind] of kinds) {
    it(`tells ${kind} apart and keeps the server's sentence (${status})`, async () => {
      answers.POST = () => problem(status, "the reason");
      const client = publisher();
      client.start();
      await settle();
      expect(client.state).toMatchObject({ phase: "failed", refusal: { kind, message: "The reason." } });
    });
  }

  it("does not go on trying to publish when the first attempt finds no server", async () => {
    const client = publisher({
      send: async () => {
        throw new ApiError("Gone.", 0);
      },
    });
    client.start();
    await settle();
    expect(client.state).toMatchObject({ phase: "failed", refusal: { kind: "unreachable" } });
  });

  it("keeps a watcher trying, as late as the server asks", async () => {
    answers.POST = () => problem(503, "full", { "Retry-After": "20" });
    const client = new WhepClient(options());
    client.start();
    await settle();
    expect(client.state.phase).toBe("recovering");
    await vi.advanceTimersByTimeAsync(19_000);
    expect(sent("POST")).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent("POST")).toHaveLength(2);
  });
});

describe("recovering", () => {
  const fragment = () =>
    new Response("a=ice-ufrag:nextU\r\na=ice-pwd:next-password\r\n", { headers: { ETag: '"e2"' } });

  it("gives ICE two seconds to heal by itself", async () => {
    const client = publisher();
    await live(client);
    lastPeer().turn("disconnected");
    await vi.advanceTimersByTimeAsync(1_900);
    lastPeer().turn("connected");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(sent("PATCH")).toHaveLength(0);
    expect(client.state.phase).toBe("connected");
  });

  it("restarts ICE by PATCH with the entity tag, and takes the new credentials", async () => {
    answers.PATCH = fragment;
    const client = publisher();
    await live(client);
    lastPeer().turn("failed");
    await settle();
    expect(sent("PATCH")[0]?.init.headers).toMatchObject({
      "Content-Type": "application/trickle-ice-sdpfrag",
      "If-Match": '"e1"',
    });
    expect(lastPeer().offers).toEqual([undefined, { iceRestart: true }]);
    expect(lastPeer().remoteDescription?.sdp).toContain("a=ice-ufrag:nextU");
    lastPeer().turn("connected");
    expect(client.state.phase).toBe("connected");
    expect(sent("POST")).toHaveLength(1);
  });

  it("takes the servers' new credentials at a restart before it looks for ways", async () => {
    answers.PATCH = () => {
      const answer = fragment();
      answer.headers.set("Link", '<turn:t.example>; rel="ice-server"; username="2:a"; credential="d="');
      return answer;
    };
    await live(publisher());
    const peer = lastPeer();
    const order: string[] = [];
    vi.spyOn(peer, "setConfiguration").mockImplementation(
      ({ iceServers }) => void order.push(String(iceServers?.[0]?.username)),
    );
    vi.spyOn(peer, "setLocalDescription").mockImplementation(async () => void order.push("local"));
    peer.turn("failed");
    await settle();
    expect(order).toEqual(["2:a", "local"]);
  });

  it("sends the newest entity tag with the next restart", async () => {
    answers.PATCH = fragment;
    await live(publisher());
    for (const _ of [1, 2]) {
      lastPeer().turn("failed");
      await settle();
      lastPeer().turn("connected");
    }
    expect(sent("PATCH")[1]?.init.headers).toMatchObject({ "If-Match": '"e2"' });
  });

  it("makes a new session when the old one is gone", async () => {
    answers.PATCH = () => problem(404, "no such session");
    const client = publisher();
    await live(client);
    lastPeer().turn("failed");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent("POST")).toHaveLength(2);
    expect(peers[0]?.closed).toBe(true);
    lastPeer().turn("connected");
    expect(client.state.phase).toBe("connected");
  });

  it("leaves the room to whoever took over", async () => {
    answers.PATCH = () => problem(404, "no such session");
    const client = publisher({ whyNotAgain: async () => "Somebody else presents." });
    await live(client);
    lastPeer().turn("failed");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(client.state).toMatchObject({
      phase: "failed",
      refusal: { kind: "occupied", message: "Somebody else presents." },
    });
    expect(sent("POST")).toHaveLength(1);
  });

  it("acts at once when the server ends DTLS", async () => {
    answers.PATCH = fragment;
    await live(publisher());
    lastPeer().dtls.state = "closed";
    lastPeer().dtls.dispatchEvent(new Event("statechange"));
    await settle();
    expect(sent("PATCH")).toHaveLength(1);
  });

  it("waits longer after each failure, and tries at once when the network is back", async () => {
    const client = publisher();
    await live(client);
    answers.PATCH = answers.POST = () => problem(502, "bad gateway");
    lastPeer().turn("failed");
    await vi.advanceTimersByTimeAsync(1_000 + 2_000);
    expect(sent("POST")).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(3_900);
    expect(sent("POST")).toHaveLength(3);
    answers.POST = created;
    window.dispatchEvent(new Event("online"));
    await settle();
    lastPeer().turn("connected");
    expect(client.state.phase).toBe("connected");
  });
});

describe("leaving", () => {
  it("deletes the session with a request that outlives the page", async () => {
    const client = publisher();
    await live(client);
    window.dispatchEvent(new Event("pagehide"));
    expect(sent("DELETE")[0]?.path).toMatch(/\/whip\/algebra\/s1$/);
    expect(sent("DELETE")[0]?.init.keepalive).toBe(true);
    expect(lastPeer().closed).toBe(true);
    expect(client.state.phase).toBe("closed");
  });

  it("deletes a session whose answer comes after leaving", async () => {
    let answer: (response: Response) => void = () => undefined;
    const client = publisher({
      send: (path, init) => {
        requests.push({ method: init.method ?? "", path, init });
        return init.method === "POST"
          ? new Promise((resolve) => {
              answer = resolve;
            })
          : Promise.resolve(new Response());
      },
    });
    client.start();
    await settle();
    client.close();
    answer(created());
    await settle();
    expect(sent("DELETE")).toHaveLength(1);
    expect(client.state.phase).toBe("closed");
  });

  it("exchanges tracks in place while connected", async () => {
    const client = publisher();
    await live(client);
    const screen = { kind: "video" } as unknown as MediaStreamTrack;
    await client.setTracks({ audio: null, video: screen });
    expect(lastPeer().senders[1]?.track).toBe(screen);
    expect(sent("POST")).toHaveLength(1);
  });
});
