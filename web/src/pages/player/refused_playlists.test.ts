/** hls.js itself, on a growing recording whose playlists are refused for want of a grant. */
import type { Loader, LoaderCallbacks, LoaderContext } from "hls.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Renewal } from "./grant";

const SOUND =
  '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,URI="audio.m3u8"\n';
const PICTURE = "#EXT-X-STREAM-INF:BANDWIDTH=800000\nvideo.m3u8\n";
/** Each has refusals of its own; hls.js counts them together. */
const BOTH = `#EXTM3U\n${SOUND}${PICTURE.replace("000\n", '000,AUDIO="sound"\n')}`;
const PICTURE_ALONE = `#EXTM3U\n${PICTURE}`;
const GROWING = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:1
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-MAP:URI="init.mp4"
#EXTINF:1.0,
seg-00000.m4s
`;

describe("playlists that are refused", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("self", globalThis);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** Plays for a minute; gives what was fatal, and which playlists were loaded in the end. */
  async function played(master: string, renew: () => Promise<unknown>, isGood: () => boolean) {
    const { default: Hls } = await import("hls.js");
    const loaded = new Set<string>();
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
      load(context: LoaderContext, _config: object, told: LoaderCallbacks<LoaderContext>): void {
        if (!context.url.endsWith(".m3u8")) return;
        const isMaster = context.url.endsWith("master.m3u8");
        setTimeout(() => {
          if (!isMaster && !isGood()) {
            told.onError({ code: 401, text: "" }, context, null, this.stats);
            return;
          }
          loaded.add(context.url.slice(context.url.lastIndexOf("/") + 1));
          const answer = { url: context.url, data: isMaster ? master : GROWING, code: 200 };
          told.onSuccess(answer, this.stats, context, null);
        }, 10);
      }
      abort(): void {}
      destroy(): void {}
    }
    const renewal = new Renewal(renew);
    const hls = new Hls({
      loader: Server,
      enableWorker: false,
      playlistLoadPolicy: renewal.policy(Hls.DefaultConfig.playlistLoadPolicy),
    });
    const fatal: (number | undefined)[] = [];
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal) fatal.push(data.response?.code);
    });
    hls.on(Hls.Events.LEVEL_LOADED, () => renewal.loaded());
    hls.loadSource("https://vtp.example/master.m3u8");
    await vi.advanceTimersByTimeAsync(60_000);
    loaded.clear();
    await vi.advanceTimersByTimeAsync(10_000);
    hls.destroy();
    return { fatal, loaded: [...loaded].sort() };
  }

  const after = (delay_ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, delay_ms));
  const endsAt = (end_ms: number) => {
    const began_ms = Date.now();
    return () => Date.now() - began_ms < end_ms;
  };

  it.each([
    ["both", BOTH, ["audio.m3u8", "video.m3u8"]],
    ["the picture alone", PICTURE_ALONE, ["video.m3u8"]],
  ])("go on by a grant that takes a moment: %s", async (_, master, loaded) => {
    const isOld = endsAt(5_000);
    let isNew = false;
    const renew = async () => {
      await after(1_500);
      isNew = true;
    };
    expect(await played(master, renew, () => isOld() || isNew)).toEqual({ fatal: [], loaded });
  });

  it.each([
    ["nobody answers who is asked for another", () => new Promise(() => undefined)],
    ["another is of no use", async () => undefined],
    ["there is no other", () => Promise.reject(new Error("no more"))],
  ])("end playing where %s", async (_, renew) => {
    for (const master of [BOTH, PICTURE_ALONE])
      expect(await played(master, renew, endsAt(5_000))).toEqual({ fatal: [401], loaded: [] });
  });
});
