"""Chromium sends Opus in RED: who takes it hears through loss, who does not hears the Opus in it."""

from contextlib import ExitStack
from typing import Any

from playwright.sync_api import Page

from tests.e2e.conftest import OpenPage, Stack
from tests.e2e.lossy_link import LossyLink
from vtp.bench.lecture_sound import TONE_HZ

LOSS = 0.1
SECONDS = 5


def figures(page: Page) -> Any:
    return page.evaluate("stats()")["audio"]


def concealed(before: Any, after: Any) -> float:
    """The share of the samples between two looks that had to be made up."""
    total = after["totalSamplesReceived"] - before["totalSamplesReceived"]
    return float((after["concealedSamples"] - before["concealedSamples"]) / total)


def test_red_is_heard_by_all_and_makes_up_for_loss(stack: Stack, open_page: OpenPage) -> None:
    publisher = open_page()
    there = {"url": f"{stack.base}/whip/red", "codec": "VP8", "sound": ["red", "opus"]}
    publisher.evaluate("publish", there)
    with ExitStack() as ending:
        links = [
            ending.enter_context(LossyLink(int(stack.environment["VTP_MEDIA__UDP_PORT"]))) for _ in range(2)
        ]
        pages = [open_page(), open_page()]
        for page, link, sound in zip(pages, links, (["red", "opus"], ["opus"]), strict=True):
            page.evaluate(link.detour + "\nundefined;")
            page.evaluate("watch", {"url": f"{stack.base}/whep/red", "sound": sound})
        for page in pages:
            assert page.evaluate(f"listen({TONE_HZ}, 10)")["share"] > 0.5
        before = [figures(page) for page in pages]
        # Chromium names Opus as the codec of both; how much comes tells that it is RED.
        sizes = [one["bytesReceived"] / one["packetsReceived"] for one in before]
        assert sizes[0] > 1.7 * sizes[1], sizes
        for link in links:
            link.loss = LOSS
        pages[0].wait_for_timeout(SECONDS * 1000)
        shares = [concealed(one, figures(page)) for one, page in zip(before, pages, strict=True)]
        print(f"{shares[0]:.1%} made up with RED, {shares[1]:.1%} without; {links[0].lost} packets lost")
        assert links[0].lost > 20
        assert shares[0] < shares[1] / 2 and shares[1] > 0.05
    publisher.evaluate("fetch(resource, {method: 'DELETE'})")
