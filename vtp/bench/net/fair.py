"""`fair3`: three viewers behind one bottleneck get about the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from vtp.bench.load_figures import SourceFigures
from vtp.bench.net.lesson import Scene
from vtp.bench.net.targets import Target
from vtp.bench.watcher import Viewing

RATE_BPS = 3e6
SETTLE_SHARE = 0.4
"""Of the lesson, in which the estimates find their places; the rest is measured."""
TARGETS = (Target("jain", 0.9, at_least=True),)


async def during(scene: Scene) -> None:
    """Measures what each of the first node's viewers receives."""
    watchers = scene.audiences[0].watchers
    await asyncio.sleep(SETTLE_SHARE * scene.seconds)
    begun_s, before = time.monotonic(), [received(watcher.streams()) for watcher in watchers]
    await asyncio.sleep((1 - SETTLE_SHARE) * scene.seconds)
    span_s, after = time.monotonic() - begun_s, [received(watcher.streams()) for watcher in watchers]
    scene.notes["bitrates_bps"] = [8 * (b - a) / span_s for a, b in zip(before, after, strict=True)]


def received(streams: Sequence[Mapping[str, Any]]) -> int:
    """Bytes of RTP, of sound and picture."""
    return sum(stream["bytes"] for stream in streams)


def judge(scene: Scene, published: SourceFigures, viewings: Sequence[Viewing]) -> Mapping[str, Any]:
    """Bitrates and their fairness."""
    bitrates = scene.notes["bitrates_bps"]
    return {
        "bitrates_kbit_per_s": [round(bitrate / 1000, 1) for bitrate in bitrates],
        "jain": round(jain(bitrates), 4),
        "bottleneck_used_pct": round(100 * sum(bitrates) / RATE_BPS, 1),
    }


def jain(shares: Sequence[float]) -> float:
    """Jain, Chiu and Hawe's index (1984): 1 when all have the same, 1/n when one has all; 0 of nothing."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0
