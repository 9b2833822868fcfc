"""Chromium over networks that lose, narrow and are shared: loss5, burst10, cut, fair3 with real decoders."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright

from tests.e2e.conftest import poll
from tests.e2e.emulated_class import FPS, EmulatedClass, emulated_class, figures, write_noisy_clip
from tests.emulated import emulated_networks
from vtp.bench.net import Direction
from vtp.bench.net.cut import NARROW_BPS, QUEUE_MS, WIDE_BPS
from vtp.bench.net.fair import RATE_BPS, jain
from vtp.bench.net.lesson import Access
from vtp.bench.net.report import LIMIT_MS
from vtp.bench.net.scenarios import BURSTS, CALM, HALF_MS, LOSSY, NEAR
from vtp.bench.simulcast_clip import Clip, encode_clip, read_layers

__all__ = ["emulated_networks"]

pytestmark = pytest.mark.long

LAYERS = "90:150,180:500,360:1500"
HEIGHTS = [90, 180, 360]
SECONDS = 20
BURSTY = Direction(delay_ms=HALF_MS, burst_loss=BURSTS)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    path = tmp_path_factory.mktemp("networks") / "noisy.mkv"
    write_noisy_clip(path, 10)
    return encode_clip(str(path), "vp8", read_layers(LAYERS))


@dataclass
class Seen:
    """What a page showed in a window, of the frames that were sent in it."""

    rendered_pct: float
    freeze_pct: float
    longest_pause_ms: float


def measured(page: Page, before: dict[str, Any], after: dict[str, Any]) -> Seen:
    seconds = (after["now"] - before["now"]) / 1000
    shown = (
        after["framesDecoded"] - after["framesDropped"] - before["framesDecoded"] + before["framesDropped"]
    )
    frozen_s = after.get("totalFreezesDuration", 0) - before.get("totalFreezesDuration", 0)
    times = [at for at in page.evaluate("window.shownAt") if before["now"] <= at <= after["now"]]
    pauses = [b - a for a, b in itertools.pairwise(times)]
    return Seen(
        round(100 * shown / (seconds * FPS), 2),
        round(100 * frozen_s / seconds, 2),
        round(max(pauses, default=float("inf")), 1),
    )


def void_when_late(running: EmulatedClass) -> None:
    """The emulator's own part: a run in which it was late measured the machine."""
    error = running.network.report()["error_ms"]
    if error["p99"] is None or error["p99"] > LIMIT_MS:
        pytest.skip(f"void: packets were written {error['p99']} ms late (p99)")


def started(running: EmulatedClass, playwright: Playwright, node: int, height: int = 0) -> Page:
    """A page that shows the class, once its picture is so high."""
    page = running.open_page(playwright, running.nodes[node])
    running.watch(page)
    poll(page, f"window.numbers.length > 25 && video.videoHeight >= {height}", 40)
    return page


@pytest.mark.drawn(1)
@pytest.mark.parametrize(
    ("name", "link", "least_pct", "longest_ms"),
    [("loss5", Access(LOSSY, LOSSY), 90, 1_000), ("burst10", Access(BURSTY, BURSTY), 85, 1_500)],
)
def test_lost_packets_are_hardly_seen(
    clip: Clip,
    playwright: Playwright,
    tmp_path: Path,
    name: str,
    link: Access,
    least_pct: float,
    longest_ms: float,
) -> None:
    publisher = link if name == "loss5" else NEAR
    with emulated_class(1, publisher, [link], clip, tmp_path) as running:
        page = started(running, playwright, 0)
        before = figures(page)
        page.wait_for_timeout(SECONDS * 1000)
        after = figures(page)
        seen = measured(page, before, after)
        print(name, seen, after["frameHeight"], after["nackCount"], after["pliCount"])
        void_when_late(running)
    assert seen.rendered_pct >= least_pct
    assert seen.longest_pause_ms <= longest_ms


def test_a_link_that_narrows_costs_size_and_no_long_freeze(
    clip: Clip, playwright: Playwright, tmp_path: Path
) -> None:
    down = Direction(delay_ms=HALF_MS, rate_bps=WIDE_BPS, queue_ms=QUEUE_MS)
    with emulated_class(1, NEAR, [Access(CALM.up, down), NEAR], clip, tmp_path) as running:
        cut, other = (started(running, playwright, node, HEIGHTS[2]) for node in (0, 1))
        cut.wait_for_timeout(5_000)
        poll(cut, f"video.videoHeight === {HEIGHTS[2]}", 20)
        before, untouched = figures(cut), figures(other)
        running.nodes[0].change(down={"rate_bps": NARROW_BPS})
        poll(cut, f"video.videoHeight < {HEIGHTS[2]}", 5)
        lower_ms = figures(cut)["now"] - before["now"]
        cut.wait_for_timeout(6_000)
        assert cut.evaluate("video.videoHeight") < HEIGHTS[2]
        running.nodes[0].change(down={"rate_bps": WIDE_BPS})
        widened = figures(cut)["now"]
        poll(cut, f"video.videoHeight === {HEIGHTS[2]}", 40)
        after = figures(cut)
        seen, others = measured(cut, before, after), measured(other, untouched, figures(other))
        print("cut", seen, others, f"lower {lower_ms:.0f} ms, top again {after['now'] - widened:.0f} ms")
        void_when_late(running)
    assert lower_ms < 3_000
    assert seen.longest_pause_ms < 2_500
    assert seen.rendered_pct > 80
    assert others.rendered_pct > 95 and others.freeze_pct < 2


def test_three_pages_behind_one_bottleneck_get_about_the_same(
    clip: Clip, playwright: Playwright, tmp_path: Path
) -> None:
    down = Direction(delay_ms=HALF_MS, rate_bps=RATE_BPS, queue_ms=QUEUE_MS)
    with emulated_class(1, NEAR, [Access(CALM.up, down)], clip, tmp_path) as running:
        pages = [started(running, playwright, 0) for _ in range(3)]
        pages[0].wait_for_timeout(15_000)
        before = [figures(page) for page in pages]
        pages[0].wait_for_timeout(SECONDS * 1000)
        after = [figures(page) for page in pages]
        bitrates = [8 * (b["bytes"] - a["bytes"]) / SECONDS for a, b in zip(before, after, strict=True)]
        seen = [measured(page, a, b) for page, a, b in zip(pages, before, after, strict=True)]
        print(
            "fair3",
            [round(bitrate / 1000) for bitrate in bitrates],
            jain(bitrates),
            [one["frameHeight"] for one in after],
            seen,
        )
        void_when_late(running)
    assert jain(bitrates) >= 0.75
    assert sum(bitrates) > 0.15 * RATE_BPS
    assert min(one.rendered_pct for one in seen) > 70
