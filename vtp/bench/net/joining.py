"""`join50`: from the request to the first live picture, with a key frame in the ring and without."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vtp.bench.load_figures import SourceFigures
from vtp.bench.net.cast import Audience
from vtp.bench.net.lesson import Scene
from vtp.bench.net.targets import Target
from vtp.bench.watcher import Viewing, Watcher

STALE_S = 2.3
"""A key frame in the ring that is older than 2 s serves nobody any more."""
FRESH_S = 0.4
"""Before a join with a key frame in the ring one is asked for; requests are merged for 0.5 s."""
LONGEST_S = 5.0
SETTLE_S = 0.3
"""After the first live picture: later ones tell whether it was one."""
TARGETS = (
    Target("without_key_frame.p95_ms", 700),
    Target("with_key_frame.p95_ms", 500),
)


@dataclass(frozen=True)
class Join:
    """Milliseconds from the request; None: nothing was seen within 5 s."""

    connected_ms: float
    picture_ms: float | None
    """The first picture of any age,"""
    live_ms: float | None
    """the first that is not behind by 400 ms or more."""


async def during(scene: Scene) -> None:
    """A join of each kind for each second that the lesson was to last: 20 of each by default."""
    resident, guests = scene.audiences
    joins: dict[str, list[Join]] = {"with_key_frame": [], "without_key_frame": []}
    for _ in range(max(2, round(scene.seconds))):
        await asyncio.sleep(STALE_S)
        joins["without_key_frame"].append(await guests.run(join(guests)))
        resident.watchers[0].request_key_frame()
        await asyncio.sleep(FRESH_S)
        joins["with_key_frame"].append(await guests.run(join(guests)))
    scene.notes["joins"] = joins


async def join(audience: Audience) -> Join:
    """One viewer more, who leaves as soon as the first live picture is certain."""
    watcher = await audience.join()
    try:
        async with asyncio.timeout(LONGEST_S):
            while (picture := watcher.picture()) is None or not picture["frames"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # the kernel's timestamps tell when, not this look
        await asyncio.sleep(SETTLE_S)
    except TimeoutError:
        pass
    found = measured(watcher)
    await watcher.leave()
    return found


def measured(watcher: Watcher) -> Join:
    """What the engine knows of the beginning."""
    started_ns = watcher.viewing.started_ns
    picture = watcher.picture() or {}

    def after_ms(name: str) -> float | None:
        at_ns = picture.get(name, 0)
        return (at_ns - started_ns) / 1e6 if at_ns else None

    return Join(watcher.viewing.joined_ms, after_ms("first_frame_ns"), after_ms("first_live_frame_ns"))


def judge(scene: Scene, published: SourceFigures, viewings: Sequence[Viewing]) -> Mapping[str, Any]:
    """Percentiles of each kind."""
    return {kind: percentiles(joins) for kind, joins in scene.notes["joins"].items()}


def percentiles(joins: Sequence[Join]) -> dict[str, Any]:
    """`p50_ms` and `p95_ms` are of the live picture; a join that saw none is longer than any."""
    return {
        "joins": len(joins),
        "failed": sum(one.live_ms is None for one in joins),
        "p50_ms": percentile([one.live_ms for one in joins], 0.5),
        "p95_ms": percentile([one.live_ms for one in joins], 0.95),
        "any_picture_p95_ms": percentile([one.picture_ms for one in joins], 0.95),
        "connected_p50_ms": percentile([one.connected_ms for one in joins], 0.5),
    }


def percentile(values: Sequence[float | None], share: float) -> float | None:
    """By nearest rank; None when that is one that never came, or there are none."""
    if not values:
        return None
    rank = sorted(float("inf") if value is None else value for value in values)
    found = rank[max(0, -(-round(share * 100) * len(rank) // 100) - 1)]
    return None if found == float("inf") else round(found, 1)
