"""`forward`: one lecture to N viewers. What a packet costs, how late it comes, what a viewer needs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vtp.bench.accounting import resident_kb
from vtp.bench.load import Lecture
from vtp.bench.results import Figures
from vtp.bench.scenarios.api_load import ApiLoad
from vtp.bench.scenarios.memory import settled
from vtp.bench.scenarios.pattern import describe_pattern
from vtp.bench.scenarios.record import publishing, start_recording, vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.window import measure_window

ROOM = "lecture"
BESIDE = {"login": 5, "refresh": 5, "profile": 45, "recordings": 45}


@dataclass(frozen=True)
class Forward:
    """What is asked for: a load and how long it is measured."""

    subscribers: int
    seconds: float = 10.0
    warm_up_s: float = 2.0
    memory: bool = True
    """Also wait for memory to settle and read it; takes up to a minute more."""
    api_rate: float = 0.0
    """Requests a second beside it, 5 sign-ins in every hundred; vtp only. 0: none."""
    recordings: int = 0
    """Classes that are recorded beside it, from `clip`; vtp only."""
    clip: Path | None = None
    """What is recorded beside it."""
    pattern: Lecture = field(default_factory=Lecture)

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        api = {"api_requests_per_s": self.api_rate} if self.api_rate else {}
        recordings = {"recordings": self.recordings} if self.recordings else {}
        return {"subscribers": self.subscribers, **api, **recordings}

    def load(self) -> dict[str, Any]:
        """What each publisher sends."""
        return describe_pattern(self.pattern)

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        publisher, source = await stage.publish(ROOM, self.pattern)
        source.start()
        before_kb = resident_kb(stage.sfu.pids)
        await stage.fill(ROOM, publisher, source, self.subscribers)
        joined_s = time.monotonic()
        await asyncio.sleep(self.warm_up_s)
        figures = await self._measure_window(stage)
        figures["subscribers"] = self.subscribers
        if self.memory:
            await settled(stage.sfu, joined_s)
            grown_kb = resident_kb(stage.sfu.pids) - before_kb
            figures["rss_kb_per_subscriber"] = round(grown_kb / self.subscribers, 1)
        return figures

    async def _measure_window(self, stage: Stage) -> Figures:
        async with contextlib.AsyncExitStack() as beside:
            if self.clip is not None and self.recordings:
                rooms = await beside.enter_async_context(publishing(stage, self.clip, self.recordings))
                await asyncio.sleep(self.warm_up_s)
                for room in rooms:
                    await start_recording(vtp_server(stage), room)
                await asyncio.sleep(self.warm_up_s)
            if not self.api_rate:
                return await measure_window(stage, self.seconds)
            load = await beside.enter_async_context(ApiLoad.opened(vtp_server(stage), BESIDE))
            await load.prepare()
            running = asyncio.create_task(load.run(self.api_rate, self.seconds))
            figures = await measure_window(stage, self.seconds)
            times = await running
        return figures | Figures(api=times.summary(), failed=times.failed)
