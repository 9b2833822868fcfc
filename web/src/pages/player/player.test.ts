import type { Level } from "hls.js";
import { afterEach, describe, expect, it, vi } from "vitest";
import { keepOneSound } from "./oneSound";
import { keptPosition, PositionKeeper } from "./position";
import { handleKey, type PlayerActions } from "./shortcuts";

const actions = () =>
  ({
    togglePlay: vi.fn(),
    skip: vi.fn(),
    goTo: vi.fn(),
    toggleSound: vi.fn(),
    changeVolume: vi.fn(),
    changeSpeed: vi.fn(),
    toggleFullscreen: vi.fn(),
    togglePicture: vi.fn(),
    toggleCaptions: vi.fn(),
    nextPicture: vi.fn(),
    togglePictures: vi.fn(),
    toggleHelp: vi.fn(),
  }) satisfies PlayerActions;

function press(key: string, target: HTMLElement = document.body, more: KeyboardEventInit = {}) {
  const act = actions();
  let handled = false;
  const listen = (event: KeyboardEvent) => {
    handled = handleKey(event, act);
  };
  document.body.append(target === document.body ? "" : target);
  window.addEventListener("keydown", listen, { once: true });
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
  return { act, handled };
}

afterEach(() => window.localStorage.clear());

describe("keys of the player", () => {
  it("play, skip and jump", () => {
    expect(press(" ").act.togglePlay).toHaveBeenCalledOnce();
    expect(press("J").act.skip).toHaveBeenCalledWith(-10);
    expect(press("ArrowRight").act.skip).toHaveBeenCalledWith(5);
    expect(press("7").act.goTo).toHaveBeenCalledWith(0.7);
    expect(press("v").act.nextPicture).toHaveBeenCalledOnce();
    expect(press("T").act.togglePictures).toHaveBeenCalledOnce();
    expect(press(">").act.changeSpeed).toHaveBeenCalledWith(1);
    expect(press("c").act.toggleCaptions).toHaveBeenCalledOnce();
    expect(press("p").act.togglePicture).toHaveBeenCalledOnce();
  });

  it("leave fields and shortcuts of the browser alone", () => {
    expect(press("k", document.createElement("input")).handled).toBe(false);
    expect(press("l", document.body, { ctrlKey: true }).handled).toBe(false);
  });

  it("let Space press the button that has the focus", () => {
    expect(press(" ", document.createElement("button")).handled).toBe(false);
    expect(press("k", document.createElement("button")).handled).toBe(true);
  });
});

describe("position kept", () => {
  class Video extends EventTarget {
    readyState = 0;
    currentTime = 0;
    duration = Number.NaN;

    at(currentTime: number, ...events: string[]): void {
      Object.assign(this, { readyState: 4, currentTime, duration: 600 });
      for (const name of events) this.dispatchEvent(new Event(name));
    }

    empty(): void {
      Object.assign(this, { readyState: 0, currentTime: 0, duration: Number.NaN });
      for (const name of ["emptied", "timeupdate"]) this.dispatchEvent(new Event(name));
    }
  }

  function watched(id: string, act: (video: Video) => void): number {
    const video = new Video();
    const keeper = new PositionKeeper(id, video as unknown as HTMLVideoElement);
    act(video);
    keeper.close();
    return keptPosition(id);
  }

  it("comes back in the middle, not at the edges", () => {
    expect(watched("a", (video) => video.at(61.26, "playing"))).toBe(61.3);
    expect(watched("a", (video) => video.at(595, "seeked"))).toBe(0);
    watched("a", (video) => video.at(61.26, "playing"));
    expect(watched("a", (video) => video.at(4, "seeked"))).toBe(0);
  });

  it("stays where nothing was loaded, or only what it is, before somebody left", () => {
    watched("a", (video) => video.at(61.26, "playing"));
    expect(watched("a", () => undefined)).toBe(61.3);
    expect(watched("a", (video) => video.at(0, "loadedmetadata", "timeupdate"))).toBe(61.3);
  });

  it("stays where the player gives up, and while it is attached anew", () => {
    const stopped = (video: Video) => {
      video.at(61.26, "playing", "timeupdate");
      video.empty();
    };
    expect(watched("a", stopped)).toBe(61.3);
    const again = (video: Video) => {
      stopped(video);
      video.at(0, "loadedmetadata", "timeupdate");
    };
    expect(watched("a", again)).toBe(61.3);
    const back = (video: Video) => {
      again(video);
      video.at(70, "seeked", "playing");
    };
    expect(watched("a", back)).toBe(70);
  });
});

describe("variants of a recording", () => {
  const left = (firstLevel: number, ...sounds: string[]) => {
    let levels = sounds.map((audioCodec) => ({ audioCodec }));
    const removeLevel = (index: number) => {
      levels = levels.filter((_, at) => at !== index);
    };
    keepOneSound({
      get levels() {
        return levels as Level[];
      },
      firstLevel,
      removeLevel,
    });
    return levels.map((level) => level.audioCodec);
  };

  it("are left with the sound to begin with", () => {
    expect(left(0, "mp4a.40.2", "opus")).toEqual(["mp4a.40.2"]);
    expect(left(1, "opus", "mp4a.40.2")).toEqual(["mp4a.40.2"]);
    expect(left(0, "opus")).toEqual(["opus"]);
    expect(left(0)).toEqual([]);
  });
});
