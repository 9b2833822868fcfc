"""`join`: people come into a running lecture, so many a second; what a join costs and how long it takes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from vtp.bench.accounting import resident_kb
from vtp.bench.load import Lecture, Probe, Source
from vtp.bench.results import Figures, percentiles
from vtp.bench.scenarios.memory import settled
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.scenarios.runner import SERVER_ERRORS
from vtp.bench.scenarios.stage import JOINS_AT_ONCE, Stage
from vtp.bench.scenarios.window import Spent, Window
from vtp.bench.sfu import Leg

ROOM = "lecture"
FIRST_PACKET_LIMIT_S = 5.0
_POLL_S = 0.02


@dataclass
class _Joins:
    """What became of those who joined."""

    first_packet_ms: list[float] = field(default_factory=list)
    failed: int = 0


@dataclass(frozen=True)
class Join:
    """Joins at a rate; each leaves when its first packet has come."""

    rate: float = 20.0
    seconds: float = 10.0
    standing: int = 10
    """Viewers who are there all the time."""
    cycles: int = 0
    """Joins and leaves afterwards, as fast as it goes, for the growth of memory; 0: none."""
    pattern: Lecture = field(default_factory=Lecture)

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        return {"joins_per_s": self.rate, "standing": self.standing}

    def load(self) -> dict[str, Any]:
        """What each publisher sends."""
        return describe_pattern(self.pattern)

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        publisher, source = await stage.publish(ROOM, self.pattern)
        source.start()
        await stage.fill(ROOM, publisher, source, self.standing)
        await _join_and_leave(stage, publisher, source, _Joins())  # what a first join loads, it loads here
        await asyncio.sleep(1.0)
        quiet = await self._standing(stage)
        figures = await self._joining(stage, publisher, source, quiet)
        if self.cycles:
            figures |= await self._cycling(stage, publisher, source)
        return figures

    async def _standing(self, stage: Stage) -> Spent:
        window = Window(stage.sfu.pids)
        await asyncio.sleep(min(3.0, self.seconds))
        return window.close()

    async def _joining(self, stage: Stage, publisher: Leg, source: Source, quiet: Spent) -> Figures:
        joins, count = _Joins(), max(1, round(self.rate * self.seconds))
        window, begun_s = Window(stage.sfu.pids), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                await asyncio.sleep(max(0.0, begun_s + number / self.rate - time.monotonic()))
                group.create_task(_join_and_leave(stage, publisher, source, joins))
        spent = window.close()
        standing_s = spent.seconds * quiet.server.total_s / quiet.seconds
        return Figures(
            seconds=round(spent.seconds, 3),
            joins=count,
            failed=joins.failed,
            join_cpu_ms=round(1000 * (spent.server.total_s - standing_s) / count, 3),
            cores=round(spent.server.total_s / spent.seconds, 4),
            first_packet_ms=percentiles(joins.first_packet_ms),
            load={"cores": round(spent.client.total_s / spent.seconds, 4),
                  "busiest_thread": round(spent.client.busiest_s / spent.seconds, 4)},
        )  # fmt: skip

    async def _cycling(self, stage: Stage, publisher: Leg, source: Source) -> Figures:
        """Memory after a tenth of the cycles, which fill pools, and after the others."""
        begin = max(1, self.cycles // 10)
        await _cycle(stage, publisher, source, begin)
        await settled(stage.sfu, time.monotonic())
        before_kb = resident_kb(stage.sfu.pids)
        await _cycle(stage, publisher, source, self.cycles - begin)
        await settled(stage.sfu, time.monotonic())
        return Figures(cycles=self.cycles - begin, rss_growth_kb=resident_kb(stage.sfu.pids) - before_kb)


async def _cycle(stage: Stage, publisher: Leg, source: Source, count: int) -> None:
    limit = asyncio.Semaphore(JOINS_AT_ONCE)

    async def one() -> None:
        async with limit:
            await _join_and_leave(stage, publisher, source, _Joins())

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())


async def _join_and_leave(stage: Stage, publisher: Leg, source: Source, joins: _Joins) -> None:
    try:
        leg = await stage.sfu.subscribe(ROOM, publisher)
    except SERVER_ERRORS:
        joins.failed += 1
        return
    first_ns = await _first_packet_ns(Probe(stage.driver, leg.client, leg.media, source))
    if first_ns:
        joins.first_packet_ms.append((first_ns - leg.posted_ns) / 1e6)
    else:
        joins.failed += 1
    await stage.sfu.leave(leg)


async def _first_packet_ns(probe: Probe) -> int:
    """0 when none came in time. The engine notes the kernel's timestamp; here it is only looked up."""
    end_s = time.monotonic() + FIRST_PACKET_LIMIT_S
    while time.monotonic() < end_s:
        first_ns = probe.figures().first_packet_ns
        if first_ns:
            return first_ns
        await asyncio.sleep(_POLL_S)
    return 0
