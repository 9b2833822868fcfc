"""`keyframes`: many viewers ask for key frames all the time; the publisher hears of few."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from vtp.bench.load import Lecture
from vtp.bench.load_figures import SourceFigures
from vtp.bench.net.lesson import Scene
from vtp.bench.net.targets import Target
from vtp.bench.watcher import Viewing

VIEWERS = 100
REQUESTS_PER_VIEWER = 10
WINDOW_S = 10.0
SLIM = Lecture(packets_per_frame=1, audio=False)
"""A packet for each picture: what a hundred viewers' packets cost is not the subject."""
BEGIN_S = 1.0
"""For the key frames that newcomers are given."""
ANSWER_S = 0.6
"""A merged request leaves at most half a second after it was made."""
TARGETS = (Target("requests_at_publisher", 21),)


async def during(scene: Scene) -> None:
    """1,000 requests at random moments of 10 s, or of the lesson when it is shorter."""
    (audience,) = scene.audiences
    window_s = min(WINDOW_S, scene.seconds)
    dice = random.Random(scene.seed)
    planned = [
        (dice.uniform(0, window_s), watcher)
        for watcher in audience.watchers
        for _ in range(REQUESTS_PER_VIEWER)
    ]
    await asyncio.sleep(BEGIN_S)
    before = scene.teacher.figures()
    begun_s, sent = time.monotonic(), 0
    for at_s, watcher in sorted(planned, key=lambda request: request[0]):
        await asyncio.sleep(max(0.0, begun_s + at_s - time.monotonic()))
        sent += watcher.request_key_frame()
    await asyncio.sleep(ANSWER_S)
    after = scene.teacher.figures()
    scene.notes["requests_sent"] = sent
    scene.notes["requests_at_publisher"] = after.key_frame_requests - before.key_frame_requests
    scene.notes["key_frames_sent"] = after.key_frames - before.key_frames
    scene.notes["window_s"] = window_s


def judge(scene: Scene, published: SourceFigures, viewings: Sequence[Viewing]) -> Mapping[str, Any]:
    """As it was noted."""
    return dict(scene.notes)
