"""`restart`: a viewer, then the publisher, comes to another network and restarts ICE; all else stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from vtp.bench.load_figures import SourceFigures
from vtp.bench.net.lesson import ROOM, Scene
from vtp.bench.net.targets import Target
from vtp.bench.watcher import Viewing, Watcher

NEW_NETWORK = "10.77.{}.2/24"
LONGEST_S = 5.0
TARGETS = (
    Target("viewer_back_ms", 1_500),
    Target("publisher_back_ms", 1_500),
    Target("recordings", 1),
    Target("recorded_pct", 95, at_least=True),
)


async def during(scene: Scene) -> None:
    """The room is recorded; the viewer moves after a third of the lesson, the publisher after two."""
    (audience,) = scene.audiences
    (watcher,) = audience.watchers
    started = await scene.server.call("POST", "/api/v1/recordings/start", {"room_id": ROOM})
    begun_s = time.monotonic()
    await asyncio.sleep(scene.seconds / 3)

    audience.node.move(NEW_NETWORK.format(2))
    scene.notes["viewer_back_ms"] = await back_ms(watcher, lambda: audience.run(watcher.restart_ice()))
    await asyncio.sleep(scene.seconds / 3)

    scene.publisher_late_ms = scene.teacher.figures().latest_ms
    scene.teacher.node.move(NEW_NETWORK.format(1))
    scene.notes["publisher_back_ms"] = await back_ms(
        watcher, lambda: scene.teacher.run(scene.teacher.restart_ice())
    )
    await asyncio.sleep(scene.seconds / 3)
    await read_recording(scene, str(started["recording_id"]), begun_s)


async def back_ms(watcher: Watcher, restart: Callable[[], Awaitable[None]]) -> float | None:
    """From the change of network until the viewer has a picture that was taken afterwards."""
    moved_ns = time.time_ns()
    await restart()
    try:
        async with asyncio.timeout(LONGEST_S):
            while (picture := watcher.picture()) is None or picture["last_frame_ns"] < moved_ns:  # noqa: ASYNC110
                await asyncio.sleep(0.005)  # there is no event for it
    except TimeoutError:
        return None
    return round((time.time_ns() - moved_ns) / 1e6, 1)


async def read_recording(scene: Scene, recording: str, begun_s: float) -> None:
    """How many recordings the room has, and how much of the time the one holds."""
    lasted_s = time.monotonic() - begun_s
    stopped = await scene.server.call("POST", f"/api/v1/recordings/{recording}/stop")
    listed = await scene.server.call("GET", f"/api/v1/recordings?room_id={ROOM}")
    scene.notes["recordings"] = listed["total"]
    scene.notes["recorded_pct"] = round(100 * stopped["duration_seconds"] / lasted_s, 1)


def judge(scene: Scene, published: SourceFigures, viewings: Sequence[Viewing]) -> Mapping[str, Any]:
    """As it was noted."""
    return dict(scene.notes)
