import { expect, it, vi } from "vitest";
import { againAtNews, NewsHub } from "./news_hub";

it("has pages read again once for what is told at the same time, and not after they are left", () => {
  vi.useFakeTimers();
  try {
    const hub = new NewsHub();
    const again = vi.fn();
    const stop = againAtNews(hub, again, 1000);
    hub.tell(null);
    hub.tell(null);
    expect(again).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(again).toHaveBeenCalledTimes(1);
    hub.tell(null);
    vi.advanceTimersByTime(1000);
    expect(again).toHaveBeenCalledTimes(2);
    hub.tell(null);
    stop();
    vi.advanceTimersByTime(1000);
    expect(again).toHaveBeenCalledTimes(2);
  } finally {
    vi.useRealTimers();
  }
});
