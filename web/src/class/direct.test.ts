import { describe, expect, it, vi } from "vitest";
import { DirectWay } from "./direct";
import type { CallPage, Source } from "./p2p";
import type { Media } from "./parts/people";

/** What `p2p.ts` is asked, and the page that it works for. */
const between = vi.hoisted(() => ({
  page: null as CallPage | null,
  peerId: null as string | null,
  asked: [] as unknown[],
}));

vi.mock("./p2p", () => ({
  CallBetweenTwo: class {
    constructor(page: CallPage) {
      between.page = page;
      between.peerId = null;
      between.asked = [];
    }
    get mode() {
      return { peerId: between.peerId };
    }
    start = async () => undefined;
    receive = (event: string) => between.asked.push(event);
    setTrack = (source: Source, track: unknown) => between.asked.push([source, track]);
    serverTrack = (source: Source, track: unknown) => between.asked.push(["server", source, track]);
    back = () => undefined;
    close = () => between.asked.push("close");
  },
}));

const track = (id: string) => ({ id }) as MediaStreamTrack;
const media = (id: string, more: Partial<Media> = {}): Media => ({
  id,
  owner: "sam",
  kind: "video",
  source: "camera",
  paused: false,
  ...more,
});

function start() {
  const useServer = vi.fn();
  const direct = new DirectWay({ call: vi.fn(), iceServers: [], useServer });
  between.peerId = "sam";
  direct.receive("mode-changed", {} as never);
  between.asked = [];
  const { page } = between;
  if (!page) throw new Error("no page was given");
  return { direct, page, useServer };
}

describe("the direct way", () => {
  it("shows what comes directly, until what comes through the server is shown in its place", () => {
    const { direct, page } = start();
    const [near, far] = [track("near"), track("far")];
    void page.show("camera", near);
    expect(direct.media.get()).toEqual({ peerId: "sam", tracks: new Map([["camera", near]]) });
    direct.serve([media("v")], new Map([["v", far]]));
    void page.show("camera", far);
    expect(direct.media.get()).toBeNull();
  });

  it("hands over only what is the other's, and the sound of a screen as that", () => {
    const { direct } = start();
    const sound = media("s", { kind: "audio", source: "screen" });
    const others = media("x", { owner: "zoe" });
    direct.serve(
      [sound, others, media("v")],
      new Map([
        ["s", track("s")],
        ["x", track("x")],
        ["v", track("v")],
      ]),
    );
    expect(between.asked).toEqual([
      ["server", "camera", track("v")],
      ["server", "screen-sound", track("s")],
    ]);
    direct.serve([], new Map());
    expect(between.asked.slice(-2)).toEqual([
      ["server", "camera", null],
      ["server", "screen-sound", null],
    ]);
  });

  it("tells each change of what we send once", () => {
    const { direct } = start();
    const mine = { microphone: track("m"), camera: null, screen: null, "screen-sound": null };
    direct.send(mine);
    direct.send(mine);
    direct.send({ ...mine, microphone: null });
    expect(between.asked).toEqual([
      ["microphone", track("m")],
      ["microphone", null],
    ]);
  });

  it("hears only of what concerns it, and passes on where media goes", async () => {
    const { direct, page, useServer } = start();
    direct.receive("chat-message", {} as never);
    direct.receive("ice-candidate", {} as never);
    expect(between.asked).toEqual(["ice-candidate"]);
    await page.goThroughServer(false);
    expect(useServer).toHaveBeenCalledWith(false);
    direct.close();
    expect(direct.media.get()).toBeNull();
  });
});
