"""How soon a newcomer sees a class that runs, and how far behind it stays: started from the ring, and not.

A newcomer gets the key frame that the ring holds and all that came after it, at once, when that key frame is
recent; else a new one is asked for. What was sent late must not leave it behind for good.
"""

import statistics

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import OpenPage, Stack
from tests.e2e.frame_order import wait_for_numbers

FPS = 30
TRIES = 5
FIRST_FRAME_LIMIT_MS = 3_000
FURTHER_BEHIND_LIMIT_MS = 300


@pytest.fixture(scope="module")
def browser(smooth_browser: Browser) -> Browser:
    """What is looked at is how smoothly pictures come."""
    return smooth_browser


def seen_at(page: Page) -> dict[int, float]:
    """When each number was shown (ms); the latest where the camera's file came round."""
    numbers, times = page.evaluate("[window.numbers, window.shownAt]")
    return dict(zip(numbers, times, strict=True))


def delay_ms(publisher: Page, watcher: Page) -> float:
    """The median time from the camera to the watcher's screen, over the last second."""
    left, shown = seen_at(publisher), seen_at(watcher)
    latest = sorted(shown, key=lambda number: shown[number])[-FPS:]
    delays = [shown[number] - left[number] for number in latest if number in left]
    assert len(delays) > FPS // 2
    return statistics.median(delays)


def key_frame_requests(publisher: Page) -> int:
    """How many the publisher has got."""
    video = publisher.evaluate("stats()")["video"]
    return int(video["pliCount"] + video["firCount"])


def wait_for_old_key_frame(publisher: Page) -> None:
    """Until the last key frame is three seconds old: Chromium makes some that nobody has asked for."""
    publisher.wait_for_function(
        """async (frames) => {
            const { keyFramesEncoded, framesEncoded } = (await stats()).video;
            if (window.keyFramesSeen !== keyFramesEncoded) {
                window.keyFramesSeen = keyFramesEncoded;
                window.keyFrameAt = framesEncoded;
            }
            return framesEncoded - window.keyFrameAt > frames;
        }""",
        arg=3 * FPS,
        timeout=60_000,
    )


def join(page: Page, url: str) -> None:
    page.evaluate("watch", {"url": url})


def join_asking(open_page: OpenPage, publisher: Page, url: str) -> tuple[Page, int]:
    """Somebody who has to ask for a key frame, and how many the publisher was asked for by then.

    Chromium makes one unasked now and then: who comes just then starts from it, and another one is sent.
    """
    for _ in range(TRIES):
        page = open_page()
        wait_for_old_key_frame(publisher)
        before = key_frame_requests(publisher)
        join(page, url)
        wait_for_numbers(page, FPS // 2)
        requests = key_frame_requests(publisher)
        if requests > before:
            return page, requests
        page.close()
    raise AssertionError(f"Of {TRIES} newcomers none had to ask for a key frame")


def test_newcomer_from_the_ring_stays_no_further_behind(stack: Stack, open_page: OpenPage) -> None:
    room = "join-delay"
    publisher = open_page()
    publisher.evaluate("publish", {"url": f"{stack.base}/whip/{room}", "preview": True})
    wait_for_numbers(publisher, 5 * FPS)
    from_ring = open_page()  # opened before: a key frame is recent for two seconds
    asking, requests = join_asking(open_page, publisher, f"{stack.base}/whep/{room}")
    join(from_ring, f"{stack.base}/whep/{room}")
    wait_for_numbers(from_ring, 5 * FPS)
    assert key_frame_requests(publisher) == requests, "the newcomer did not start from the ring"
    figures = {}
    for name, page in (("asking", asking), ("from_ring", from_ring)):
        first_ms = page.evaluate("window.firstFrame")
        figures[name] = {"first_frame_ms": round(first_ms), "delay_ms": round(delay_ms(publisher, page))}
    print(figures, publisher.evaluate("stats()")["video"]["qualityLimitationReason"])
    for page in (asking, from_ring, publisher):
        page.evaluate("fetch(resource, {method: 'DELETE'})")
    assert all(figure["first_frame_ms"] < FIRST_FRAME_LIMIT_MS for figure in figures.values()), figures
    further_ms = figures["from_ring"]["delay_ms"] - figures["asking"]["delay_ms"]
    assert further_ms < FURTHER_BEHIND_LIMIT_MS, figures
