/** By hls.js itself, which reads the playlists. */
import type { Loader, LoaderCallbacks, LoaderContext } from "hls.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LateRenditions, LOOK_EVERY_MS, lookForPicture, STILL_SEGMENTS } from "./late_renditions";

const SOUND = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=120000
one/aac/playlist.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=90000
one/opus/playlist.m3u8
`;
const PICTURE = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,URI="one/aac/playlist.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,AUDIO="aac"
one/video/playlist.m3u8
`;
const growing = (...reports: string[]) => `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0
#EXT-X-PART-INF:PART-TARGET=0.333
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="init.mp4"
#EXTINF:2.0,
seg-00000.m4s
#EXTINF:2.0,
seg-00001.m4s
${reports.map((one) => `#EXT-X-RENDITION-REPORT:URI="../${one}"`).join("\n")}
`;
const OPUS = 'opus/playlist.m3u8",LAST-MSN=2,LAST-PART="0';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("renditions that come later", () => {
  /** Loads both playlists by hls.js; gives how often it was told of more. */
  async function told(master: string, playlist: string): Promise<number> {
    vi.stubGlobal("self", globalThis);
    const { default: Hls } = await import("hls.js");
    class Server implements Loader<LoaderContext> {
      context = null;
      stats = {
        aborted: false,
        loaded: 0,
        retry: 0,
        total: 0,
        chunkCount: 0,
        bwEstimate: 0,
        loading: { start: 0, first: 0, end: 0 },
        parsing: { start: 0, end: 0 },
        buffering: { start: 0, first: 0, end: 0 },
      };
      load(context: LoaderContext, _config: object, { onSuccess }: LoaderCallbacks<LoaderContext>): void {
        if (!context.url.includes(".m3u8")) return;
        const data = context.url.includes("master.m3u8") ? master : playlist;
        setTimeout(() => onSuccess({ url: context.url, data, code: 200 }, this.stats, context, null), 10);
      }
      abort(): void {}
      destroy(): void {}
    }
    const came = vi.fn();
    const late = new LateRenditions(came);
    const hls = new Hls({ loader: Server, enableWorker: false });
    hls.on(Hls.Events.MANIFEST_LOADED, (_, { levels, audioTracks }) =>
      late.list([...levels, ...audioTracks]),
    );
    hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => late.look(details));
    hls.loadSource("https://vtp.example/live/algebra/master.m3u8?grant=1.p.u");
    await vi.advanceTimersByTimeAsync(10_000);
    late.close();
    hls.destroy();
    return came.mock.calls.length;
  }

  it("are told of once", async () => {
    expect(await told(SOUND, growing(OPUS, 'video/playlist.m3u8",LAST-MSN="1'))).toBe(1);
  });

  it("are none that were listed, whether they are played or not", async () => {
    expect(await told(SOUND, growing(OPUS))).toBe(0);
    expect(await told(PICTURE, growing('aac/playlist.m3u8",LAST-MSN="2'))).toBe(0);
  });

  it("are none before they are listed for whoever asks now", async () => {
    expect(await told(SOUND, growing(OPUS, 'video/playlist.m3u8",LAST-MSN=0,LAST-PART="3'))).toBe(0);
  });

  it("are told of some segments later to who looks back", async () => {
    const came = vi.fn();
    const late = new LateRenditions(came, STILL_SEGMENTS);
    late.list([{ url: "https://vtp.example/aac.m3u8" }]);
    for (const msn of [9, 10, 11, 11, 12]) {
      late.look({
        url: "https://vtp.example/aac.m3u8",
        renditionReports: [{ URI: "video.m3u8", "LAST-MSN": String(msn) }],
      } as unknown as Parameters<LateRenditions["look"]>[0]);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(came).toHaveBeenCalledTimes(msn === 12 ? 1 : 0);
    }
  });

  it("are told to nobody who has gone", async () => {
    const came = vi.fn();
    const late = new LateRenditions(came);
    late.list([{ url: "https://vtp.example/aac.m3u8" }]);
    late.look({
      url: "https://vtp.example/aac.m3u8",
      renditionReports: [{ URI: "video.m3u8", "LAST-MSN": "1" }],
    } as unknown as Parameters<LateRenditions["look"]>[0]);
    late.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(came).not.toHaveBeenCalled();
  });
});

describe("a picture that comes later, in a player of the browser's own", () => {
  class Video extends EventTarget {
    readyState = 1;
    videoWidth = 0;
    duration = Number.POSITIVE_INFINITY;
  }

  function begin(...masters: string[]) {
    const answers = [...masters];
    const asked = vi.fn(async () => new Response(answers.length > 1 ? answers.shift() : answers[0]));
    vi.stubGlobal("fetch", asked);
    const [video, came] = [new Video(), vi.fn()];
    const stop = lookForPicture(video as unknown as HTMLVideoElement, "/live/a/master.m3u8", came);
    video.dispatchEvent(new Event("loadedmetadata"));
    return { video, came, asked, stop };
  }

  it("is found by looking, and told of once", async () => {
    const { came } = begin(SOUND, SOUND, PICTURE);
    await vi.advanceTimersByTimeAsync(LOOK_EVERY_MS);
    expect(came).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(10 * LOOK_EVERY_MS);
    expect(came).toHaveBeenCalledTimes(1);
  });

  it("is not looked for where one is shown, nothing grows, or nobody watches any more", async () => {
    for (const change of [{ videoWidth: 640 }, { duration: 90 }, { readyState: 0 }, null]) {
      const { video, came, asked, stop } = begin(SOUND, PICTURE);
      await vi.advanceTimersByTimeAsync(0);
      if (change) Object.assign(video, change);
      else stop();
      await vi.advanceTimersByTimeAsync(10 * LOOK_EVERY_MS);
      expect(asked).toHaveBeenCalledTimes(1);
      expect(came).not.toHaveBeenCalled();
    }
  });

  it("is none where one was to be had all the time", async () => {
    const { came } = begin(PICTURE);
    await vi.advanceTimersByTimeAsync(10 * LOOK_EVERY_MS);
    expect(came).not.toHaveBeenCalled();
  });
});
