"""`meeting`: everybody sends sound and picture, sees some and hears all.

All are in one room. Each participant has one connection to send by and one that brings all it sees and hears
of the others: sound only of those it does not see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vtp.bench.load import Lecture
from vtp.bench.results import Figures
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.scenarios.stage import JOINS_AT_ONCE, Stage
from vtp.bench.scenarios.window import measure_window
from vtp.bench.sfu import BOTH_KINDS, Leg, View

CAMERA = Lecture(frames_per_s=15, packets_per_frame=3, packet_bytes=(950, 1050))
"""A small camera picture, 0.36 Mbit/s, and a microphone."""
SOUND = frozenset({"audio"})
ROOM = "meeting"


@dataclass(frozen=True)
class Meeting:
    """How many take part, and how many of the others each sees."""

    participants: int = 30
    visible: int = 9
    seconds: float = 10.0
    warm_up_s: float = 2.0
    pattern: Lecture = CAMERA

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        return {"participants": self.participants, "visible": self.visible}

    def views(self, viewer: int) -> Iterator[tuple[int, frozenset[str]]]:
        """Of one participant: whom of the others it gets, and what of them."""
        for distance in range(1, self.participants):
            kinds = BOTH_KINDS if distance <= self.visible else SOUND
            yield (viewer + distance) % self.participants, kinds

    def load(self) -> dict[str, Any]:
        """What each publisher sends."""
        return describe_pattern(self.pattern)

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        senders: list[Leg] = []
        for number in range(self.participants):
            leg, source = await stage.attend(ROOM, self.pattern, seed=number + 1)
            source.start()
            senders.append(leg)
        await self._connect(stage, senders)
        await asyncio.sleep(self.warm_up_s)
        figures = await measure_window(stage, self.seconds)
        streams = [stream for probe in stage.probes for stream in probe.streams()]
        figures["streams"] = len(streams)
        figures["silent_streams"] = sum(stream.packets == 0 for stream in streams)
        return figures

    async def _connect(self, stage: Stage, senders: list[Leg]) -> None:
        limit = asyncio.Semaphore(JOINS_AT_ONCE)

        async def one(viewer: int) -> None:
            async with limit:
                views = [View(senders[number], kinds) for number, kinds in self.views(viewer)]
                await stage.receive(ROOM, senders[viewer], views)

        async with asyncio.TaskGroup() as group:
            for viewer in range(self.participants):
                group.create_task(one(viewer))
