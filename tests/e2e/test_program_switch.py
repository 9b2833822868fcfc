"""A presenter publishes again with another codec: who watches stays connected, sees and hears on."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import OpenPage, Stack, poll
from tests.e2e.frame_order import steps, wait_for_numbers
from vtp.bench.lecture_sound import TONE_HZ


def video_codec(figures: dict[str, Any]) -> str:
    """The codec of the pictures that come now."""
    (name,) = [str(name) for name in figures["codecs"] if name.startswith("video/")]
    return name


def publish(open_page: OpenPage, stack: Stack, room: str, codec: str) -> Page:
    page = open_page()
    page.evaluate("publish", {"url": f"{stack.base}/whip/{room}", "codec": codec})
    return page


@pytest.mark.drawn(1)
@pytest.mark.parametrize(("before", "after"), [("VP8", "H264"), ("H264", "AV1")])
def test_watcher_sees_on_when_the_presenter_comes_back_with_another_codec(
    stack: Stack, open_page: OpenPage, before: str, after: str
) -> None:
    room = f"switch-{before}-{after}".lower()
    publish(open_page, stack, room, before)
    watcher = open_page()
    watcher.evaluate("watch", {"url": f"{stack.base}/whep/{room}"})
    wait_for_numbers(watcher, 10)
    assert video_codec(watcher.evaluate("stats()")) == f"video/{before}"
    second = publish(open_page, stack, room, after)
    poll(watcher, f"stats().then((figures) => figures.codecs.includes('video/{after}'))")
    seen = watcher.evaluate("window.numbers.length")
    numbers = wait_for_numbers(watcher, seen + 20)[seen:]
    assert all(0 < step < 10 for step in steps(numbers)), numbers
    assert watcher.evaluate(f"listen({TONE_HZ}, 10)")["share"] > 0.5
    figures = watcher.evaluate("stats()")
    assert figures["state"] == "connected"
    assert video_codec(figures) == f"video/{after}"
    assert figures["video"]["packetsLost"] == 0
    second.evaluate("fetch(resource, {method: 'DELETE'})")
