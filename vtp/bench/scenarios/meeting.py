"""`meeting`: everybody sends sound and picture, sees some and hears all.

Transports carry one publisher's streams to one viewer here, for all servers alike: each participant publishes
into a room of its own, and comes to each other one's room with a transport of its own, for sound only where
it does not see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vtp.bench.load import Lecture, Source
from vtp.bench.results import Figures
from vtp.bench.scenarios.forward import measure_window
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.scenarios.stage import JOINS_AT_ONCE, Stage
from vtp.bench.sfu import BOTH_KINDS, Leg

CAMERA = Lecture(frames_per_s=15, packets_per_frame=3, packet_bytes=(950, 1050))
"""A small camera picture, 0.36 Mbit/s, and a microphone."""
SOUND = frozenset({"audio"})


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

    def views(self) -> Iterator[tuple[int, frozenset[str]]]:
        """For each viewer and other participant: whom it is connected to, and for what."""
        for viewer in range(self.participants):
            for distance in range(1, self.participants):
                kinds = BOTH_KINDS if distance <= self.visible else SOUND
                yield (viewer + distance) % self.participants, kinds

    def load(self) -> dict[str, Any]:
        """What each publisher sends."""
        return describe_pattern(self.pattern)

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        senders: list[tuple[Leg, Source]] = []
        for number in range(self.participants):
            publisher, source = await stage.publish(f"participant-{number}", self.pattern, seed=number + 1)
            source.start()
            senders.append((publisher, source))
        await self._connect(stage, senders)
        await asyncio.sleep(self.warm_up_s)
        return await measure_window(stage, self.seconds)

    async def _connect(self, stage: Stage, senders: list[tuple[Leg, Source]]) -> None:
        limit = asyncio.Semaphore(JOINS_AT_ONCE)

        async def one(number: int, kinds: frozenset[str]) -> None:
            async with limit:
                await stage.watch(f"participant-{number}", *senders[number], kinds)

        async with asyncio.TaskGroup() as group:
            for number, kinds in self.views():
                group.create_task(one(number, kinds))
