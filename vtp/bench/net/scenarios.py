"""The scenarios of `vtp bench network`, by name: what links there are, and what happens to them."""

from __future__ import annotations

import asyncio

from vtp.bench.net import cut as cutting
from vtp.bench.net import fair, joining, key_requests
from vtp.bench.net import restart as restarting
from vtp.bench.net.direction import Direction
from vtp.bench.net.lesson import Access, Lesson, Scene
from vtp.bench.net.simulcast import SIMULCAST
from vtp.bench.net.targets import Target

HALF_MS = 25.0
"""One way of a round trip of 50 ms."""
NEAR = Access(Direction(delay_ms=1), Direction(delay_ms=1))
"""A good connection."""
CALM = Access(Direction(delay_ms=HALF_MS), Direction(delay_ms=HALF_MS))
LOSSY = Direction(delay_ms=HALF_MS, loss=0.05)
BURSTS = (0.25 / 9, 0.25, 0.0, 1.0)
"""Of four packets on average, a tenth of all."""
SMOOTH = (Target("frames_rendered_pct", 99, at_least=True), Target("freeze_pct", 1))


def loss5() -> Lesson:
    """5 % of all packets are lost on either link, both ways."""
    text = "5 % random loss both ways, 50 ms round trip, on the publisher's link and on the viewer's"
    return Lesson(text, Access(LOSSY, LOSSY), [Access(LOSSY, LOSSY)], targets=SMOOTH)


def burst10() -> Lesson:
    """10 %, in bursts."""
    bursty = Direction(delay_ms=HALF_MS, burst_loss=BURSTS)
    text = (
        "10 % loss in bursts of 4 packets (Gilbert-Elliott) both ways, 50 ms round trip, on the viewer's link"
    )
    return Lesson(text, NEAR, [Access(bursty, bursty)])


def cut() -> Lesson:
    """A viewer's link narrows to a tenth."""
    down = Direction(delay_ms=HALF_MS, rate_bps=cutting.WIDE_BPS, queue_ms=cutting.QUEUE_MS)
    return Lesson(
        "a viewer's link down 5 → 0.5 → 5 Mbit/s, 300 ms drop-tail queue, 50 ms round trip; another beside",
        NEAR,
        [Access(Direction(delay_ms=HALF_MS), down), NEAR],
        during=cutting.during,
        judge=cutting.judge,
        pattern=SIMULCAST,
        targets=cutting.TARGETS,
    )


def fair3() -> Lesson:
    """Three viewers share what two could use."""
    down = Direction(delay_ms=HALF_MS, rate_bps=fair.RATE_BPS, queue_ms=cutting.QUEUE_MS)
    return Lesson(
        "three viewers behind one link down of 3 Mbit/s with a 300 ms drop-tail queue, 50 ms round trip",
        NEAR,
        [Access(Direction(delay_ms=HALF_MS), down, viewers=3)],
        during=fair.during,
        judge=fair.judge,
        pattern=SIMULCAST,
        targets=fair.TARGETS,
    )


def join50() -> Lesson:
    """How long a newcomer waits."""
    return Lesson(
        "50 ms round trip: milliseconds from a newcomer's request to the first live picture",
        NEAR,
        [NEAR, Access(CALM.up, CALM.down, viewers=0)],
        during=joining.during,
        judge=joining.judge,
        targets=joining.TARGETS,
    )


def restart() -> Lesson:
    """Other networks, by ICE restart."""
    return Lesson(
        "the viewer, then the publisher, comes to another network and restarts ICE, 50 ms round trip",
        CALM,
        [CALM],
        during=restarting.during,
        judge=restarting.judge,
        targets=restarting.TARGETS,
    )


def rebind() -> Lesson:
    """The viewer's NAT forgets everything, and nobody is told."""
    text = (
        "silent NAT rebinding in the middle, 50 ms round trip; longest_freeze_ms is how long media was away"
    )
    viewer = Access(CALM.up, CALM.down, nat=True)
    return Lesson(text, NEAR, [viewer], during=_rebind, targets=[Target("longest_freeze_ms", 3_000)])


async def _rebind(scene: Scene) -> None:
    await asyncio.sleep(scene.seconds / 2)
    for node in scene.nodes:
        node.rebind()
    await asyncio.sleep(scene.seconds / 2)


def keyframes() -> Lesson:
    """Viewers who all ask."""
    return Lesson(
        f"1,000 key frame requests of {key_requests.VIEWERS} viewers in 10 s, 50 ms round trip",
        NEAR,
        [Access(CALM.up, CALM.down, viewers=key_requests.VIEWERS)],
        during=key_requests.during,
        judge=key_requests.judge,
        pattern=key_requests.SLIM,
        targets=key_requests.TARGETS,
    )


SCENARIOS = {one.__name__: one for one in (loss5, burst10, cut, fair3, join50, restart, rebind, keyframes)}
